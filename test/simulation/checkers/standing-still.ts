/**
 * `standing-still`: while a job is paused, cancelled or at rest no tick stores anything, and when all
 * that was out has come to its end nothing is stored at all.
 */
import { type Job, standsStill } from "../../../functions/job.ts";
import { decodeRegister } from "../../../functions/register.ts";
import type { Checker } from "./checker.ts";

/** By then even a command that was given again, and whoever was slow, has ended. */
const ENDED_MS = 2 * 60_000;

/** Nothing moves in a job that stands still. */
export const standingStill: Checker = {
  name: "standing-still",
  promise: "While a job stands still no tick stores anything, and soon nobody does.",
  watch({ ledger }, report) {
    const check = (what: string, atMs: number): void => {
      const { job } = ledger;
      if (job === undefined || !standsStill(job) || job.state === "UPDATING") return;
      const sinceMs = job.stopped?.atMs ?? atMs;
      if (atMs - sinceMs > ENDED_MS) report(`${what}, ${atMs - sinceMs} ms after it was stopped`);
    };
    return {
      jobStored({ job }, by) {
        const before = ledger.job;
        if (by !== "tracker" || before === undefined || !standsStill(before)) return;
        report(`a tick makes of a job that is ${before.state} one that is ${stateOf(job.text)}`);
      },
      committed({ commit: { shard }, after }) {
        check(`${shard.stage}/${shard.shard} is committed`, after.progress.committedAtMs);
      },
      registered({ id, text }) {
        check(`register ${id} is stored`, decodeRegister(text).atMs);
      },
    };
  },
};

function stateOf(text: string): string {
  return (JSON.parse(text) as Job).state;
}
