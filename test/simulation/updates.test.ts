/**
 * Updates and a restore in the midst of a stream, under faults, with instances of the old plan that
 * still act: the result equals the oracle's exactly, nothing is late and nothing left behind.
 *
 * To replay one seed: SIM_SEED=7 npx vitest run test/simulation/updates.test.ts
 */
import { expect, test } from "vitest";
import type { Deliver } from "../../emulators/memory/memory-mailboxes.ts";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { MeshUpdateOptions } from "../../emulators/update-options.ts";
import { ALL_CONNECTORS } from "../../functions/connectors/all.ts";
import { restore } from "../../functions/control/restore.ts";
import { newSnapshotId, snapshot } from "../../functions/control/snapshot.ts";
import { createStage, type StageHandler } from "../../functions/stage-handler.ts";
import type { Pipeline, SourceMessage } from "../../sdk/index.ts";
import { dropsOf } from "./checkers/exact-drops.ts";
import { leftovers } from "./checkers/nothing-left.ts";
import { UpdateFaults } from "./update-faults.ts";
import { answersOf, type Names, resultsOf, updated } from "./workloads/updates.ts";
import { type Event, eventsOf } from "./workloads/workload.ts";

const SEEDS = Number(process.env["SIM_SEEDS"] ?? 12);
const only = process.env["SIM_SEED"];
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(only)];

const engine = {
  bundleElementsMax: 7,
  chunkElementsMax: 10,
  firingsMax: 3,
  memtableBytesMax: 200,
  groupMessagesMax: 5,
  retryBackoffMs: 10,
} as const;

const CALLED: Names = ["windows", "visits", "totals"];
const RENAMED: Names = ["windows by key", "totals", "visits"];

/** One run: its mesh, and what an older plan's instances still do. */
class Run {
  readonly faults: UpdateFaults;
  readonly mesh: MemoryMesh;
  readonly #random;
  /** Instances of earlier plans, warm, which nobody has ended. */
  readonly #zombies: { readonly stage: string; readonly handler: StageHandler }[] = [];
  readonly #seen: { readonly stage: string; readonly message: SourceMessage }[] = [];
  #now: { readonly pipeline: Pipeline; readonly warm: Map<string, StageHandler> };

  constructor(seed: number) {
    this.#random = seededRandom(seed * 31 + 7);
    this.faults = new UpdateFaults(seed);
    const first = updated(CALLED);
    this.mesh = new MemoryMesh(first, {
      shards: 2,
      seed,
      engine,
      isVirtualOnly: true,
      wrapWorld: (world, instance) => this.faults.wrapWorld(world, instance),
      wrapDeliver: (deliver, stage) => this.#watched(this.faults.wrapDeliver(deliver), stage),
    });
    this.faults.mesh = this.mesh;
    this.#now = { pipeline: first, warm: new Map() };
  }

  async publish(events: readonly Event[]): Promise<void> {
    for (let i = 0; i < events.length; i += 4) {
      const some = events.slice(i, i + 4).map((event) => ({ data: JSON.stringify(event) }));
      await this.mesh.publish("events", some);
      await this.mesh.run(this.mesh.clock.nowMs() + 800);
      await this.mesh.during(this.#haunt());
    }
  }

  async update(names: Names, options: MeshUpdateOptions): Promise<void> {
    for (const [stage, handler] of this.#now.warm) this.#zombies.push({ stage, handler });
    const next = updated(names);
    await this.mesh.update(next, options);
    this.#now = { pipeline: next, warm: new Map() };
  }

  /** A message that a mailbox brought comes again, to an instance of an earlier plan or of today's. */
  async #haunt(): Promise<void> {
    const pick = <T>(list: readonly T[]): T | undefined =>
      list[Math.floor(this.#random.fraction() * list.length)];
    const zombie = pick(this.#zombies);
    const seen = pick(this.#seen.filter(({ stage }) => stage === zombie?.stage));
    if (zombie === undefined || seen === undefined || !this.faults.isOn) return;
    await zombie.handler.deliver(seen.message).catch(() => {});
  }

  /** Now and then a second instance takes the message first: it is warm, and will outlive its plan. */
  #watched(deliver: Deliver, stage: string): Deliver {
    return async (message) => {
      if (this.faults.isOn) {
        this.#seen.push({ stage, message });
        if (this.#random.fraction() < 0.1) {
          await this.#second(stage)
            ?.deliver(message)
            .catch(() => {});
        }
      }
      await deliver(message);
    };
  }

  #second(stage: string): StageHandler | undefined {
    const { plan, control } = this.mesh;
    if (!plan.stages.some(({ id }) => id === stage)) return undefined;
    const known = this.#now.warm.get(stage);
    if (known !== undefined) return known;
    const { world, deployment } = control;
    const { graph } = this.#now.pipeline;
    const handler = createStage({
      graph,
      plan,
      stage,
      world,
      options: deployment.options,
      connectors: ALL_CONNECTORS,
    });
    this.#now.warm.set(stage, handler);
    return handler;
  }

  async end(): Promise<void> {
    const { mesh, faults } = this;
    faults.isOn = false;
    const quietMs = mesh.clock.nowMs();
    await mesh.launch();
    await mesh.run(quietMs + 120_000);
    await mesh.drain();
    await mesh.run(quietMs + 15 * 60_000);
  }
}

test(`an updated and restored stream is exact under the faults of ${seeds.length} seeds`, {
  timeout: 120_000,
}, async () => {
  for (const seed of seeds) {
    const events = eventsOf(seed, 240);
    const part = (i: number): Event[] => events.slice(i * 40, (i + 1) * 40);
    const run = new Run(seed);
    const { mesh } = run;
    try {
      await mesh.launch();
      await run.publish(part(0));
      await run.update(CALLED, { compile: { shards: 3 } });
      await run.publish(part(1));
      await run.update(RENAMED, {
        renames: { windows: "windows by key", visits: "totals", totals: "visits" },
      });
      await run.publish(part(2));
      const id = newSnapshotId(mesh.control);
      await mesh.during(snapshot(mesh.control, id, 10 * 60_000));
      await run.publish(part(3));
      await mesh.during(restore(mesh.control, id));
      await run.publish(part(4));
      await run.update(CALLED, {
        renames: { "windows by key": "windows", totals: "visits", visits: "totals" },
        compile: { shards: 2 },
      });
      await run.publish(part(5));
      await run.end();
      expect(resultsOf(mesh), "equals the oracle").toEqual(answersOf(events));
      expect((await mesh.job())?.state).toBe("DONE");
      expect(dropsOf(await mesh.status())).toEqual({ dropped: 0, dead: 0 });
      expect(await leftovers(mesh.store)).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
});
