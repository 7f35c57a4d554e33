/**
 * Seed worker: a thread that runs the seeds it is given, one after the other.
 */
import { parentPort, workerData } from "node:worker_threads";
import { runSeed, type Selection } from "./run-seed.ts";

const selection = workerData as Selection;

parentPort?.on("message", (seed: number) => {
  void runSeed(seed, selection).then((totals) => parentPort?.postMessage(totals));
});
