/**
 * Run seeds: many seeds, shared out over threads.
 *
 * Owns: which thread gets which seed, and the end when somebody asks for it. Does not own: what a
 * seed runs (run-seed.ts).
 */
import { Worker } from "node:worker_threads";
import type { Selection } from "./run-seed.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

/** Which seeds, and how. */
export interface SeedRange {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
}

/** Runs seeds until all are done, or `stopped` is. */
export async function runSeeds(
  { from, seeds, workers }: SeedRange,
  selection: Selection,
  stopped: Promise<unknown>,
  onSeed: (done: number) => void,
): Promise<Totals> {
  const totals = noTotals();
  let next = from;
  let done = 0;
  const threads = Array.from({ length: Math.min(workers, seeds) }, () => startWorker(selection));
  const drained = threads.map(
    (thread) =>
      new Promise<void>((resolve, reject) => {
        const give = (): void => {
          if (next < from + seeds) thread.postMessage(next++);
          else resolve();
        };
        thread.on("error", reject);
        thread.on("message", (ofSeed: Totals) => {
          addTotals(totals, ofSeed);
          onSeed(++done);
          give();
        });
        give();
      }),
  );
  await Promise.race([Promise.all(drained), stopped]);
  await Promise.all(threads.map((thread) => thread.terminate()));
  return totals;
}

function startWorker(selection: Selection): Worker {
  return new Worker(new URL("./seed-worker.ts", import.meta.url), {
    workerData: selection,
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
}
