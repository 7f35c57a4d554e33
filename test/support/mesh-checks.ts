/**
 * Mesh checks: the simulator's checkers, for tests that run a memory mesh.
 */
import { expect } from "vitest";
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import type { Observer } from "../simulation/checkers/checker.ts";
import { dropsOf, exactDrops } from "../simulation/checkers/exact-drops.ts";
import { limits } from "../simulation/checkers/limits.ts";
import { leftovers } from "../simulation/checkers/nothing-left.ts";
import { noDuplicate } from "../simulation/checkers/results.ts";
import { outputBehindInput, watermarkForward } from "../simulation/checkers/watermark-order.ts";
import { Ledger, shardKey } from "../simulation/world/ledger.ts";

/** No element was late, and none became a dead letter. */
export async function checkNothingDropped(mesh: MemoryMesh): Promise<void> {
  const status = await mesh.status();
  expect(dropsOf(status), exactDrops.promise).toEqual({ dropped: 0, dead: 0 });
  expect(status.stages.reduce((sum, { deadLetters }) => sum + deadLetters, 0)).toBe(0);
}

/** No state is left but source ids, no register, and no part that nobody knows. */
export async function checkNothingLeft(mesh: MemoryMesh): Promise<void> {
  expect(await leftovers(mesh.store)).toEqual([]);
}

/** Watches what a mesh stores, for what must hold at every moment. */
export function watch({ plan, store }: MemoryMesh): void {
  const ledger = new Ledger();
  const observers = [limits, watermarkForward, outputBehindInput, noDuplicate].map(
    ({ name, watch: watchRun }): Observer =>
      watchRun({ plan, ledger, engine: DEFAULT_OPTIONS, workload: undefined }, (words) => {
        expect.fail(`${name}: ${words}`);
      }),
  );
  const commitHead = store.commitHead.bind(store);
  const commitJob = store.commitJob.bind(store);
  store.commitHead = async (commit) => {
    await commitHead(commit);
    const before = ledger.heads.get(shardKey(commit.shard));
    const after = Ledger.read(commit);
    for (const observer of observers) observer.committed?.({ commit, before, after });
    ledger.commit(commit.shard, after);
  };
  store.commitJob = async (commit) => {
    await commitJob(commit);
    for (const observer of observers) observer.jobStored?.(commit, "tracker");
    ledger.storeJob(commit.job, commit.registersToDelete);
  };
}
