/**
 * A job that was cancelled with its state deleted begins anew under its name, and nothing of what was
 * before is seen (RL1), whatever still runs, and wherever it was cut off (RL2).
 */

import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { ALL_CONNECTORS } from "../../../../functions/connectors/all.ts";
import { cancel } from "../../../../functions/control/cancel.ts";
import { drainJob } from "../../../../functions/control/drain.ts";
import type { JobControl } from "../../../../functions/control/job-control.ts";
import { launchAnew, relaunch } from "../../../../functions/control/relaunch.ts";
import type { Store } from "../../../../functions/ports.ts";
import { createStage, type StageHandler } from "../../../../functions/stage-handler.ts";
import {
  compile,
  count,
  firestore,
  fixedWindows,
  type Pipeline,
  pipeline,
  pubsub,
  type SourceMessage,
  splittable,
} from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { withAll } from "../../../support/answering.ts";
import { codeOf } from "../../../support/builders.ts";
import { checkNothingDropped, checkNothingLeft } from "../../../support/mesh-checks.ts";
import { numberRead, count as numbers, numbersOf, writing } from "../../../support/reads.ts";

const words = (name = "total"): Pipeline =>
  pipeline("words", (p) => {
    p.read(pubsub.topic<string>("words"))
      .reshuffle()
      .windowInto(fixedWindows({ days: 1 }))
      .keyBy((word) => word)
      .combinePerKey(count(), { name })
      .write(firestore.collection("counts", { id: ({ key }) => key }));
  });

const run = (mesh: MemoryMesh, byMs: number): Promise<void> => mesh.run(mesh.clock.nowMs() + byMs);

async function say(mesh: MemoryMesh, ...said: readonly string[]): Promise<void> {
  await mesh.publish(
    "words",
    said.map((word) => ({ data: JSON.stringify(word) })),
  );
  await run(mesh, 3_000);
}

async function countsOf(mesh: MemoryMesh): Promise<Record<string, unknown>> {
  await mesh.drain();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingDropped(mesh);
  await checkNothingLeft(mesh);
  const all = [...mesh.store.documents("counts")];
  return Object.fromEntries(all.map(([key, { value }]) => [key, value]));
}

test("it begins anew, with what waits at the source and what comes", async () => {
  const mesh = new MemoryMesh(words(), { shards: 2, isVirtualOnly: true });
  await mesh.launch();
  await say(mesh, "a", "b");
  await cancel(mesh.control, { keepsState: false });
  await say(mesh, "c");
  await mesh.launch();
  expect(await mesh.job()).toMatchObject({ state: "RUNNING", generation: 1 });
  expect((await mesh.status()).stages.map(({ elementsIn }) => elementsIn)).toEqual([1, 1, 1]);
  await say(mesh, "a", "a");
  expect(await countsOf(mesh)).toEqual({ a: 2, c: 1 });
});

describe("a job that is DONE", () => {
  const finished = async (): Promise<MemoryMesh> => {
    const mesh = new MemoryMesh(words(), { shards: 2, isVirtualOnly: true });
    await mesh.launch();
    await say(mesh, "a", "b");
    await mesh.during(drainJob(mesh.control));
    await mesh.run();
    await say(mesh, "c");
    return mesh;
  };

  test("stays so when it is launched again", async () => {
    const mesh = await finished();
    await mesh.launch();
    expect(await mesh.job()).toMatchObject({ state: "DONE" });
  });

  test("begins anew once its state is deleted, with what came since its drain", async () => {
    const mesh = await finished();
    await cancel(mesh.control, { keepsState: false });
    await mesh.launch();
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", generation: 1 });
    await say(mesh, "a");
    expect(await countsOf(mesh)).toEqual({ a: 1, b: 1, c: 1 });
  });

  test("has no state to keep", async () => {
    const mesh = await finished();
    expect(await codeOf(() => cancel(mesh.control, { keepsState: true }))).toBe("ERR_OPTION");
    expect((await mesh.job())?.state).toBe("DONE");
  });

  test("begins anew under another plan, wherever that was cut off", async () => {
    const plan = compile(words("other"), { shards: 3 });
    for (let nth = 1; nth < 40; nth++) {
      const mesh = await finished();
      const { control } = mesh;
      const next = {
        ...control,
        subscriptions: withAll(control.subscriptions),
        deployment: { ...control.deployment, plan, compile: { shards: 3 } },
      };
      const cut = await codeOf(() => mesh.during(relaunch(failing(next, nth))));
      await mesh.during(relaunch(next));
      expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: plan.hash });
      const { heads } = await mesh.store.snapshot();
      expect(heads.every(({ shard }) => plan.stages.some(({ id }) => id === shard.stage))).toBe(
        true,
      );
      if (cut !== undefined) continue;
      expect(nth).toBeGreaterThan(8);
      return;
    }
    expect.fail("the launch never came to its end");
  });
});

test("a batch that is run again by another plan waits for no instance: none takes anything", async () => {
  const mesh = new MemoryMesh(writing(splittable(numberRead(95))), { isVirtualOnly: true });
  await mesh.launch();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  const plan = compile(writing(splittable(numberRead(95))), { shards: 3 });
  const { control } = mesh;
  const deployment = { ...control.deployment, plan, compile: { shards: 3 } };
  const doneMs = mesh.clock.nowMs();
  const job = await mesh.during(relaunch({ ...control, deployment }));
  expect(job).toMatchObject({ state: "RUNNING", plan: plan.hash });
  expect(mesh.clock.nowMs() - doneMs).toBeLessThan(1_000);
});

test("again and again, and launching what runs changes nothing", async () => {
  const mesh = new MemoryMesh(words(), { shards: 2, isVirtualOnly: true });
  for (const generation of [undefined, 1, 2]) {
    await mesh.launch();
    await mesh.launch();
    expect((await mesh.job())?.generation).toBe(generation);
    await say(mesh, "a");
    if (generation !== 2) await cancel(mesh.control, { keepsState: false });
  }
  expect(await countsOf(mesh)).toEqual({ a: 1 });
});

test("its reads begin anew", async () => {
  const mesh = new MemoryMesh(writing(splittable(numberRead(95))), {
    shards: 2,
    engine: { chunkElementsMax: 10 },
    isVirtualOnly: true,
  });
  await mesh.launch();
  await run(mesh, 1);
  await cancel(mesh.control, { keepsState: false });
  await mesh.launch();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  expect(numbersOf(mesh)).toEqual(numbers(0, 95));
  expect((await mesh.status()).stages[0]).toMatchObject({ elementsIn: 95 });
});

test("under another plan it takes nothing that the old one sent", async () => {
  const mesh = new MemoryMesh(words(), { shards: 2, isVirtualOnly: true });
  await mesh.launch();
  await say(mesh, "a", "b");
  await cancel(mesh.control, { keepsState: false });
  const { control } = mesh;
  const plan = compile(words("other"), { shards: 3 });
  const deployment = { ...control.deployment, plan, compile: { shards: 3 } };
  const subscriptions = withAll(control.subscriptions);
  const cancelledMs = mesh.clock.nowMs();
  const job = await mesh.during(relaunch({ ...control, deployment, subscriptions }));
  expect(job).toMatchObject({ state: "RUNNING", plan: plan.hash });
  // An instance of the old plan that was at work just before has made sure again by now.
  const { answerMsMax } = control.deployment.options;
  expect(mesh.clock.nowMs() - cancelledMs).toBeGreaterThan(1.5 * answerMsMax);
  expect(job?.superseded).toEqual({ [mesh.plan.hash]: {} });
});

/** Instances that nobody has ended, and all that came to any. */
class Zombies {
  readonly seen: { readonly stage: string; readonly message: SourceMessage }[] = [];
  readonly #handlers = new Map<string, StageHandler>();

  async deliver(mesh: MemoryMesh, from: readonly Zombies["seen"][number][]): Promise<void> {
    for (const { stage, message } of from) {
      const handler =
        this.#handlers.get(stage) ??
        createStage({
          graph: words().graph,
          plan: mesh.plan,
          stage,
          world: mesh.control.world,
          options: mesh.control.deployment.options,
          connectors: ALL_CONNECTORS,
        });
      this.#handlers.set(stage, handler);
      // Refused or taken: neither may change what comes out.
      await mesh.during(handler.deliver(message).catch(() => {}));
    }
  }
}

describe("stale instances", () => {
  test("commit nothing of the old job, and what they take of the new one counts once", async () => {
    const zombies = new Zombies();
    const mesh = new MemoryMesh(words(), {
      shards: 2,
      isVirtualOnly: true,
      wrapDeliver: (deliver, stage) => async (message) => {
        zombies.seen.push({ stage, message });
        await deliver(message);
      },
    });
    const last = mesh.plan.stages.at(-1)?.id;
    await mesh.launch();
    await say(mesh, "a", "b", "c");
    const old = zombies.seen.slice();
    await zombies.deliver(mesh, old); // They are warm, and know the heads.
    await cancel(mesh.control, { keepsState: false });
    await zombies.deliver(mesh, old);
    expect((await mesh.store.snapshot()).heads).toEqual([]);
    await mesh.launch();
    // What shards sent comes again, late. (Of what an ingest instance sent, the source's message may.)
    const late = old.filter(({ stage }) => stage === last);
    expect(late.length).toBeGreaterThan(0);
    await zombies.deliver(mesh, late);
    expect((await mesh.status()).stages.map(({ elementsIn }) => elementsIn)).toEqual([0, 0, 0]);
    const from = zombies.seen.length;
    await say(mesh, "a", "d");
    await zombies.deliver(mesh, zombies.seen.slice(from));
    await run(mesh, 3_000);
    expect(await countsOf(mesh)).toEqual({ a: 1, d: 1 });
  });
});

/** A control whose store fails at its nth write. */
function failing(control: JobControl, nth: number): JobControl {
  let writes = 0;
  const writing = new Set(["commitJob", "deleteState", "putShard", "putDeployment"]);
  const store = new Proxy(control.world.store, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (writing.has(String(name)) && ++writes >= nth) {
          throw new MeshError("ERR_UNAVAILABLE", `${String(name)} failed`);
        }
        return method.apply(target, args);
      };
    },
  }) as Store;
  return { ...control, world: { ...control.world, store } };
}

test("cut off at any write, launching again ends right (RL2)", async () => {
  for (let nth = 1; nth < 30; nth++) {
    const mesh = new MemoryMesh(words(), { shards: 2, isVirtualOnly: true });
    await mesh.launch();
    await say(mesh, "a", "b");
    await cancel(mesh.control, { keepsState: false });
    await say(mesh, "c");
    const cut = await codeOf(() => mesh.during(launchAnew(failing(mesh.control, nth))));
    await say(mesh, "a");
    await mesh.launch();
    await say(mesh, "a");
    expect(await countsOf(mesh)).toEqual({ a: 2, c: 1 });
    if (cut !== undefined) continue;
    expect(nth).toBeGreaterThan(6);
    return;
  }
  expect.fail("the launch never came to its end");
});
