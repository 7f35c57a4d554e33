/**
 * Update as in the cloud: the state is moved first, the functions are replaced by somebody else, and
 * only then the job goes on; also where a step is forgotten or comes too early.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { changeJob } from "../../../../functions/control/change-job.ts";
import type { JobControl } from "../../../../functions/control/job-control.ts";
import { restore } from "../../../../functions/control/restore.ts";
import { resume } from "../../../../functions/control/resume.ts";
import { newSnapshotId, snapshot } from "../../../../functions/control/snapshot.ts";
import { abortUpdate, finishUpdate, prepareUpdate } from "../../../../functions/control/update.ts";
import { startMessages } from "../../../../functions/launch.ts";
import type { OutgoingMessage, Store, Subscriptions } from "../../../../functions/ports.ts";
import {
  compile,
  firestore,
  fixedWindows,
  kv,
  type Pipeline,
  pipeline,
  pubsub,
  sum,
  watermarks,
} from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { answering, withAll } from "../../../support/answering.ts";
import { codeOf } from "../../../support/builders.ts";
import { checkNothingDropped, checkNothingLeft } from "../../../support/mesh-checks.ts";
import { sumByWindow } from "../../../support/oracle.ts";

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const START_MS = Date.UTC(2026, 0, 1);
const WINDOW_MS = 60_000;

const sums = (name: string): Pipeline =>
  pipeline("sums", (p) => {
    const watermark = watermarks.boundedOutOfOrderness(5_000);
    p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
      .map((e) => kv(e.key, e.value))
      .windowInto(fixedWindows(WINDOW_MS))
      .combinePerKey(sum(), { name })
      .write(
        firestore.collection("windows", {
          id: ({ key }, { window, pane }) => `${key}@${window.start} ${pane.timing} ${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
  });

const first = sums("Windows");
const renamed = sums("Totals");
const RENAMES = { renames: { Windows: "Totals" } };
/** The same mailboxes, and other shards. */
const next = compile(first, { shards: 3 });
/** Other mailboxes, which a deploy makes. */
const nextRenamed = compile(renamed, { shards: 3 });

/** Pub/Sub does not tell what is out. */
const silent = (subscriptions: Subscriptions): Subscriptions =>
  answering(subscriptions, { outstanding: async () => undefined });

class Running {
  readonly mesh = new MemoryMesh(first, { shards: 4, isVirtualOnly: true });
  readonly published: Event[] = [];

  static async launch(): Promise<Running> {
    const running = new Running();
    await running.mesh.launch();
    await running.publish(60);
    return running;
  }

  /** The job's control, by the plan that runs or by the one to come. */
  control(plan = this.mesh.plan): JobControl {
    const { control } = this.mesh;
    const deployment = { ...control.deployment, plan, compile: { shards: 3 } };
    return { ...control, deployment, subscriptions: silent(control.subscriptions) };
  }

  prepare(plan = next): Promise<unknown> {
    const { deployment } = this.control(plan);
    const input = { ...(plan === nextRenamed && RENAMES), deployment, timeoutMs: 60_000 };
    return this.mesh.during(prepareUpdate(this.control(), input));
  }

  /** What is deployed takes the place of what runs; the job is left as it is. */
  async deploy(to: Pipeline = first): Promise<void> {
    await this.mesh.update(to, { ...(to === renamed && RENAMES), compile: { shards: 3 } });
  }

  async publish(count: number): Promise<void> {
    const from = this.published.length;
    const some = Array.from({ length: count }, (_, i): Event => {
      const n = from + i;
      return { key: `k${n % 5}`, value: n, time: START_MS + n * 1_700 };
    });
    this.published.push(...some);
    const { mesh } = this;
    await mesh.publish(
      "events",
      some.map((event) => ({ data: JSON.stringify(event) })),
    );
    await mesh.run(mesh.clock.nowMs() + 3_000);
  }

  async expectTotals(): Promise<void> {
    const { mesh } = this;
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
    expect((await mesh.job())?.state).toBe("DONE");
    const all = [...mesh.store.documents("windows")];
    expect(Object.fromEntries(all.map(([id, { value }]) => [id, value]))).toEqual(
      Object.fromEntries(
        Object.entries(sumByWindow(this.published, WINDOW_MS)).map(([id, n]) => [
          `${id} ON_TIME 0`,
          n,
        ]),
      ),
    );
    await checkNothingDropped(mesh);
    await checkNothingLeft(mesh);
  }
}

test("prepared, deployed, finished: the job waits in between, and nothing is lost", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  await running.prepare(nextRenamed);
  await running.publish(20);
  await mesh.run(mesh.clock.nowMs() + 600_000);
  expect(await mesh.job()).toMatchObject({ state: "UPDATING", plan: nextRenamed.hash });
  expect(mesh.mailboxes.backlog("events")).toBe(20);
  await running.deploy(renamed);
  expect((await mesh.job())?.state).toBe("RUNNING");
  await running.publish(20);
  await running.expectTotals();
});

describe("finished before the functions are new", () => {
  test("what was moved is refused until they are, and nothing is lost", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    await running.prepare();
    await mesh.during(finishUpdate(running.control(next)));
    expect((await mesh.job())?.state).toBe("RUNNING");
    await running.publish(40);
    await mesh.run(mesh.clock.nowMs() + 30_000);
    await running.deploy();
    await running.publish(20);
    await running.expectTotals();
  });

  test("an instance of the old plan that was at work just before takes nothing more", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    // What is out is told: so the job rests for a moment only.
    const { subscriptions, deployment } = mesh.control;
    const input = { deployment: { ...deployment, plan: next }, timeoutMs: 60_000 };
    await mesh.during(prepareUpdate(mesh.control, input));
    await mesh.during(finishUpdate({ ...running.control(next), subscriptions }));
    expect((await mesh.job())?.state).toBe("RUNNING");
    await running.publish(40);
    expect((await mesh.store.snapshot()).registers).toEqual([]);
    await mesh.run(mesh.clock.nowMs() + 200_000);
    await running.deploy();
    await running.publish(20);
    await running.expectTotals();
  });

  test("where its mailboxes are not there yet it is refused, and may be given again", async () => {
    for (const step of [finishUpdate, resume]) {
      const running = await Running.launch();
      const { mesh } = running;
      await running.prepare(nextRenamed);
      const control = running.control(nextRenamed);
      const early = mesh.during(step(control));
      await expect(early).rejects.toThrow(/nothing takes what is sent to totals-\w+\. Deploy/);
      expect(await mesh.job()).toMatchObject({ state: "UPDATING", plan: nextRenamed.hash });
      await running.publish(40);
      await mesh.run(mesh.clock.nowMs() + 30_000);
      await running.deploy(renamed);
      await running.publish(20);
      await running.expectTotals();
    }
  });

  test("before anything was moved it is refused", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const { world } = running.control();
    const record = await world.store.readJob();
    const job = JSON.parse(record?.text ?? "");
    await world.store.commitJob({
      previousVersion: record?.version,
      job: {
        version: (record?.version ?? 0) + 1,
        text: JSON.stringify({
          ...job,
          state: "UPDATING",
          change: { kind: "update", phase: "moving", plan: next.hash, snapshot: "s1" },
        }),
      },
      registersToPut: [],
      registersToDelete: [],
    });
    expect(await codeOf(() => finishUpdate(running.control(next)))).toBe("ERR_OPTION");
    expect((await mesh.job())?.state).toBe("UPDATING");
  });
});

describe("taken back after the state was moved", () => {
  test("the job runs on under its old plan, and nothing is lost", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    await running.prepare();
    await running.publish(20);
    await mesh.during(abortUpdate(running.control(next)));
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
    await running.publish(40);
    await running.expectTotals();
    expect(await mesh.store.listSnapshots()).toEqual([]);
  });

  test("and may be begun again then", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    await running.prepare();
    await mesh.during(abortUpdate(running.control(next)));
    await running.publish(40);
    await running.deploy();
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: next.hash });
    await running.publish(40);
    await running.expectTotals();
  });
});

/** A control whose store fails at one of its calls, once. */
function failingAt(control: JobControl, call: keyof Store): JobControl {
  let isOver = false;
  const store = new Proxy(control.world.store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== call || isOver) return value.bind(target);
      return async () => {
        isOver = true;
        throw new MeshError("ERR_UNAVAILABLE", `${name} failed`);
      };
    },
  });
  return { ...control, world: { ...control.world, store } };
}

/** Subscriptions of a process that ends before it starts any. */
const dyingAtStart = ({ subscriptions }: JobControl): Subscriptions =>
  answering(subscriptions, {
    start: async () => {
      throw new MeshError("ERR_UNAVAILABLE", "The process has ended.");
    },
  });

describe("resumed after the state was moved", () => {
  test("the job goes on under its new plan, and no snapshot is left behind", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    await running.prepare();
    expect(await mesh.store.listSnapshots()).toHaveLength(1);
    await running.publish(20);
    await mesh.during(resume(running.control(next)));
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: next.hash });
    expect(await mesh.store.listSnapshots()).toEqual([]);
    await running.deploy();
    await running.publish(20);
    await running.expectTotals();
  });

  test("reads of the new plan begin", async () => {
    const withRead = pipeline("sums", (p) => {
      p.create([1, 2, 3], { name: "numbers" }).write(
        firestore.collection("numbers", { id: String, fields: (n) => ({ n }) }),
      );
      const watermark = watermarks.boundedOutOfOrderness(5_000);
      p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .map((e) => kv(e.key, e.value))
        .windowInto(fixedWindows(WINDOW_MS))
        .combinePerKey(sum(), { name: "Windows" })
        .write(firestore.collection("windows", { id: ({ key }) => key }));
    });
    const plan = compile(withRead, { shards: 4 });
    const running = await Running.launch();
    const { mesh } = running;
    const deployment = { ...running.control(plan).deployment, compile: { shards: 4 } };
    const control = { ...running.control(plan), deployment };
    const input = { deployment, timeoutMs: 60_000 };
    await mesh.during(prepareUpdate(running.control(), input));
    const job = await mesh.job();
    const given: OutgoingMessage[] = [];
    const mailboxes = {
      async publish(messages: readonly OutgoingMessage[]): Promise<void> {
        given.push(...messages);
      },
    };
    const deployed = { ...control, subscriptions: withAll(control.subscriptions) };
    await mesh.during(resume({ ...deployed, world: { ...control.world, mailboxes } }));
    expect(given).toEqual(startMessages(plan, job ?? {}));
    expect(given).toHaveLength(1);
    // It runs now: nothing begins twice.
    await mesh.during(resume({ ...deployed, world: { ...control.world, mailboxes } }));
    expect(given).toHaveLength(1);
  });
});

describe("a snapshot of an update does not stay for ever", () => {
  test("finished and cut off before it was deleted: the next resume or --finish deletes it", async () => {
    for (const again of [resume, finishUpdate]) {
      const running = await Running.launch();
      const { mesh } = running;
      await running.prepare();
      const control = running.control(next);
      const cut = mesh.during(finishUpdate(failingAt(control, "deleteSnapshot")));
      expect(await codeOf(() => cut)).toBe("ERR_UNAVAILABLE");
      expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: next.hash });
      expect(await mesh.store.listSnapshots()).toHaveLength(1);
      await mesh.during(again(control));
      expect(await mesh.store.listSnapshots()).toEqual([]);
      expect(await mesh.job()).not.toHaveProperty("spent");
      await running.deploy();
      await running.publish(20);
      await running.expectTotals();
    }
  });

  test("cut off before it was noted that state moves: beginning again or resuming deletes it", async () => {
    for (const isBegunAgain of [true, false]) {
      const running = await Running.launch();
      const { mesh } = running;
      const { deployment } = running.control(next);
      const input = { deployment, timeoutMs: 60_000 };
      // The process ends: nobody puts back what was stopped.
      const failing = failingAt(running.control(), "putDeployment");
      const dead = { ...failing, subscriptions: dyingAtStart(failing) };
      await codeOf(() => mesh.during(prepareUpdate(dead, input)));
      expect(await mesh.store.listSnapshots()).toHaveLength(1);
      if (isBegunAgain) await running.deploy();
      else await mesh.during(resume(running.control()));
      expect(await mesh.store.listSnapshots()).toEqual([]);
      await running.publish(20);
      await running.expectTotals();
    }
  });

  test("that of a person stays, also where a restore is brought to its end by --finish", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const control = running.control();
    const id = newSnapshotId(control);
    await mesh.during(snapshot(control, id, 60_000));
    await mesh.during(restore(control, id));
    // As if it had been cut off before the job went on.
    const change = { kind: "restore", phase: "ready", snapshot: id } as const;
    await changeJob(mesh.plan, mesh.store, (job) => ({ ...job, state: "UPDATING", change }));
    await mesh.during(finishUpdate(control));
    expect((await mesh.job())?.state).toBe("RUNNING");
    expect((await mesh.store.listSnapshots()).map((each) => each.id)).toEqual([id]);
  });
});
