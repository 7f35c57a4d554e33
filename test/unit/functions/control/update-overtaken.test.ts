/**
 * Update and snapshot while others are still at work: an instance that was given up, another command,
 * a restore that was cut off.
 */
import { describe, expect, test } from "vitest";
import { restore } from "../../../../functions/control/restore.ts";
import { resume } from "../../../../functions/control/resume.ts";
import { newSnapshotId, snapshot } from "../../../../functions/control/snapshot.ts";
import { prepareUpdate } from "../../../../functions/control/update.ts";
import type { HeadCommit, Store, World } from "../../../../functions/ports.ts";
import { compile } from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { answering } from "../../../support/answering.ts";
import { codeOf } from "../../../support/builders.ts";
import { Running, sums } from "../../../support/running-sums.ts";

describe("an instance that was given up is still at work while the state is copied", () => {
  /** Commits of one stage that wait, once it is said, until they are released. */
  class Held {
    readonly stage = compile(sums(), { shards: 4 }).stages.find(({ name }) => name === "Windows");
    readonly outcomes: (string | undefined)[] = [];
    readonly #held: (() => void)[] = [];
    #isHolding = false;

    wrap(world: World, instance: string): World {
      if (instance !== this.stage?.id) return world;
      const commitHead = async (commit: HeadCommit): Promise<void> => {
        // A window that fires: it was told of the watermark, and no bundle waits to be received.
        const isFiring = commit.sinkDocuments.length > 0;
        if (!this.#isHolding || !isFiring) return world.store.commitHead(commit);
        await new Promise<void>((resolve) => this.#held.push(resolve));
        const committed = world.store.commitHead(commit);
        this.outcomes.push(await codeOf(() => committed));
        return committed;
      };
      return { ...world, store: answering(world.store, { commitHead }) };
    }

    /** What the stage is given now is held, and its deliveries given up. */
    async giveUp(running: Running): Promise<void> {
      this.#isHolding = true;
      await running.publish(60, 100);
      expect(this.#held).not.toEqual([]);
      running.broken = this.stage?.id;
      running.mesh.restart(this.stage?.id ?? "");
      this.#isHolding = false;
    }

    async release(): Promise<void> {
      for (const resolve of this.#held) resolve();
      await expect.poll(() => this.outcomes.length).toBe(this.#held.length);
    }
  }

  test.each(["putSnapshotPart", "putDeployment", "deleteState"] as const)(
    "what it commits before %s is refused",
    async (call) => {
      const held = new Held();
      const running = new Running((world, instance) => held.wrap(world, instance));
      const { mesh } = running;
      await mesh.launch();
      await running.publish(0, 60);
      await held.giveUp(running);
      const { world } = mesh.control;
      const own = world.store[call].bind(world.store) as (...args: unknown[]) => Promise<void>;
      const store = answering(world.store, {
        [call]: async (...args: unknown[]) => {
          if (held.outcomes.length === 0) await held.release();
          await own(...args);
        },
      });
      const control = { ...mesh.control, world: { ...world, store } };
      const plan = compile(sums(), { shards: 6 });
      const deployment = { ...control.deployment, plan, compile: { shards: 6 } };
      await mesh.during(prepareUpdate(control, { deployment, timeoutMs: 60_000 }));
      running.broken = undefined;
      expect(held.outcomes).not.toEqual([]);
      expect(new Set(held.outcomes)).toEqual(new Set(["ERR_STORE_CONTENTION"]));
      await mesh.update(sums(), { compile: { shards: 6 } });
      await running.expectTotals();
    },
  );

  test("where the update is taken back, its shards go on", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const plan = compile(sums(), { shards: 6 });
    const deployment = { ...mesh.control.deployment, plan, compile: { shards: 6 } };
    const putDeployment = async (): Promise<void> => {
      throw new MeshError("ERR_UNAVAILABLE", "It does not answer.");
    };
    const store = answering(mesh.store, { putDeployment });
    const control = { ...mesh.control, world: { ...mesh.control.world, store } };
    const cut = mesh.during(prepareUpdate(control, { deployment, timeoutMs: 60_000 }));
    expect(await codeOf(() => cut)).toBe("ERR_UNAVAILABLE");
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
    await running.publish(60, 80);
    await running.expectTotals();
  });
});

test("an update whose job another command let go on has moved nothing", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const plan = compile(sums(), { shards: 6 });
  const deployment = { ...mesh.control.deployment, plan, compile: { shards: 6 } };
  let isOver = false;
  const putDeployment: Store["putDeployment"] = async (hash, text) => {
    if (!isOver) {
      isOver = true;
      await resume(mesh.control);
    }
    await mesh.store.putDeployment(hash, text);
  };
  const store = answering(mesh.store, { putDeployment });
  const control = { ...mesh.control, world: { ...mesh.control.world, store } };
  const overtaken = mesh.during(prepareUpdate(control, { deployment, timeoutMs: 60_000 }));
  await expect(overtaken).rejects.toThrow(/another command let the job go on/);
  expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
  await running.publish(60, 80);
  await mesh.update(sums(), { compile: { shards: 6 } });
  await running.publish(80, 100);
  await running.expectTotals();
});

test("no snapshot is taken of a job that a restore has half replaced", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const id = newSnapshotId(mesh.control);
  await mesh.during(snapshot(mesh.control, id, 60_000));
  await running.publish(60, 80);
  const putShard = async (): Promise<void> => {
    throw new MeshError("ERR_UNAVAILABLE", "It does not answer.");
  };
  const { control } = mesh;
  const store = answering(mesh.store, { putShard });
  const cut = mesh.during(restore({ ...control, world: { ...control.world, store } }, id));
  expect(await codeOf(() => cut)).toBe("ERR_UNAVAILABLE");
  const half = mesh.during(snapshot(control, "half", 10_000));
  await expect(half).rejects.toThrow(
    `the restore is under way, or was cut off in the midst of it. Wait, or give it again: tidemark restore sums ${id}`,
  );
  expect((await mesh.store.listSnapshots()).map((each) => each.id)).toEqual([id]);
  await mesh.during(restore(control, id));
  await mesh.run(mesh.clock.nowMs() + 3_000);
  await running.expectTotals();
});
