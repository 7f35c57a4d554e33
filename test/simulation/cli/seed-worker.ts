/**
 * Seed worker: a thread that runs the seeds it is given, one after the other.
 */
import { parentPort, workerData } from "node:worker_threads";
import { runSeed, type Selection } from "./run-seed.ts";

const selection = workerData as Selection;
// A tenth of the time went into stacks that nobody reads; what fails is replayed with `--seed`.
Error.stackTraceLimit = 0;

parentPort?.on("message", (seed: number) => {
  void runSeed(seed, selection).then((totals) => parentPort?.postMessage(totals));
});
