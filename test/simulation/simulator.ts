/**
 * Simulator: one workload on the memory mesh under the faults of one seed.
 *
 * Two phases: with faults, and then without, when the mesh must come to DONE within a bounded
 * virtual time. The engine is the same as everywhere; time is virtual, and all chance is seeded.
 */
import { expect } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { checkNothingDropped, checkNothingLeft, watch } from "./checkers.ts";
import { Faults } from "./faults.ts";
import type { Workload } from "./workloads/workload.ts";

const FAULTY_MS = 40_000;
/** An unconfirmed register is dropped after 90 s; the rest is ticks. */
const RECOVERY_MS = 10 * 60_000;

/** Small bounds, so that every one of them is met. */
const engine = {
  bundleElementsMax: 7,
  chunkElementsMax: 10,
  firingsMax: 3,
  memtableBytesMax: 200,
  groupMessagesMax: 5,
  retryBackoffMs: 10,
} as const;

/** What one run gave, for comparing it with another. */
export interface Trace {
  readonly hash: string;
  readonly faults: Faults["counts"];
  readonly endMs: number;
}

/** Runs a workload under the faults of a seed, and checks all that must hold. */
export async function simulate(workload: Workload, seed: number): Promise<Trace> {
  const faults = new Faults(seed);
  const mesh = new MemoryMesh(workload.pipeline, {
    shards: 2,
    seed,
    engine,
    isVirtualOnly: true,
    wrapWorld: (world, instance) => faults.wrapWorld(world, instance),
    wrapDeliver: (deliver, stage) => faults.wrapDeliver(deliver, stage),
  });
  faults.mesh = mesh;
  watch(mesh.store);
  await mesh.launch();
  await workload.feed?.(mesh);
  await mesh.run(mesh.clock.nowMs() + FAULTY_MS);

  faults.isOn = false;
  const quietMs = mesh.clock.nowMs();
  // A tick that went missing is asked for again by whoever comes next: here, a second launch.
  await mesh.launch();
  await mesh.run(quietMs + 30_000);
  if (workload.feed !== undefined) await mesh.drain();
  await mesh.run(quietMs + RECOVERY_MS);

  expect(await workload.result(mesh), "equals the oracle").toEqual(workload.answer);
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingDropped(mesh);
  await checkNothingLeft(mesh);
  return { hash: faults.traceHash, faults: faults.counts, endMs: mesh.clock.nowMs() };
}
