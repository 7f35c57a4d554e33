/**
 * Update and snapshot while others are still at work: an instance that was given up, another command,
 * a restore that was cut off.
 */
import { describe, expect, test } from "vitest";
import type { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { shardsOf } from "../../../../functions/control/replace-state.ts";
import { restore } from "../../../../functions/control/restore.ts";
import { resume } from "../../../../functions/control/resume.ts";
import { newSnapshotId, snapshot } from "../../../../functions/control/snapshot.ts";
import { prepareUpdate } from "../../../../functions/control/update.ts";
import type { Deployment } from "../../../../functions/deployment.ts";
import { decodeBody } from "../../../../functions/head.ts";
import type { HeadCommit, Store, World } from "../../../../functions/ports.ts";
import { compile } from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { answering } from "../../../support/answering.ts";
import { codeOf } from "../../../support/builders.ts";
import { Running, sums } from "../../../support/running-sums.ts";

/** What a mesh is updated to. */
function onSixShards({ control }: MemoryMesh): Deployment {
  const compiling = { shards: 6 };
  return { ...control.deployment, plan: compile(sums(), compiling), compile: compiling };
}

describe("an instance that was given up is still at work while the state is copied", () => {
  /** Commits of one stage that wait, once it is said, until they are released; and what came of all since. */
  class Held {
    readonly stage = compile(sums(), { shards: 4 }).stages.find(({ name }) => name === "Windows");
    readonly outcomes: (string | undefined)[] = [];
    readonly heldCommits: (() => void)[] = [];
    #isHolding = false;
    #isGivenUp = false;

    wrap(world: World, instance: string): World {
      if (instance !== this.stage?.id) return world;
      const commitHead = async (commit: HeadCommit): Promise<void> => {
        // A window that fires: it was told of the watermark, and no bundle waits to be received.
        const isFiring = commit.sinkDocuments.length > 0;
        const holds = this.#isHolding && isFiring;
        if (holds) await new Promise<void>((resolve) => this.heldCommits.push(resolve));
        else if (!this.#isGivenUp) return world.store.commitHead(commit);
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
      expect(this.heldCommits).not.toEqual([]);
      running.broken = this.stage?.id;
      running.mesh.restart(this.stage?.id ?? "");
      this.#isHolding = false;
      this.#isGivenUp = true;
    }

    async release(): Promise<void> {
      for (const resolve of this.heldCommits) resolve();
      await expect.poll(() => this.outcomes.length).toBe(this.heldCommits.length);
    }

    /** What came of its commits; those of the instances that take its place are not looked at. */
    ended(): (string | undefined)[] {
      this.#isGivenUp = false;
      return this.outcomes;
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
          if (held.outcomes.length === 0) {
            await held.release();
            await mesh.clock.sleep(1_000); // It opens the shard anew, and tries once more.
          }
          await own(...args);
        },
      });
      const control = { ...mesh.control, world: { ...world, store } };
      const deployment = onSixShards(mesh);
      await mesh.during(prepareUpdate(control, { deployment, timeoutMs: 60_000 }));
      running.broken = undefined;
      // Lost once, and not tried again: who opens a sealed shard anew is refused (FE4).
      expect(held.ended()).toEqual(held.heldCommits.map(() => "ERR_STORE_CONTENTION"));
      expect(held.heldCommits).not.toEqual([]);
      await mesh.update(sums(), { compile: { shards: 6 } });
      await running.expectTotals();
    },
  );

  test("where the update is taken back, its shards go on", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const shards = shardsOf(mesh.plan);
    // Of a shard that was never committed nobody may begin what the update does not know (SA2).
    expect((await mesh.store.snapshot()).heads.length).toBeLessThan(shards.length);
    const deployment = onSixShards(mesh);
    const seals: (string | undefined)[] = [];
    const putDeployment = async (): Promise<void> => {
      for (const shard of shards) {
        const head = await mesh.store.newestHead(shard);
        seals.push(head && decodeBody(head.body).seal);
      }
      throw new MeshError("ERR_UNAVAILABLE", "It does not answer.");
    };
    const store = answering(mesh.store, { putDeployment });
    const control = { ...mesh.control, world: { ...mesh.control.world, store } };
    const cut = mesh.during(prepareUpdate(control, { deployment, timeoutMs: 60_000 }));
    expect(await codeOf(() => cut)).toBe("ERR_UNAVAILABLE");
    expect(seals).toEqual(shards.map(() => expect.any(String)));
    expect(new Set(seals).size).toBe(1);
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
    await running.publish(60, 80);
    await running.expectTotals();
  });
});

test("an update whose job another command let go on has moved nothing", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const deployment = onSixShards(mesh);
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
