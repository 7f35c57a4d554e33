/** A tick stores a watermark that is older than the one before. */
import type { Job } from "../../../functions/job.ts";
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const watermarkBack: PlantedBug = {
  name: "a watermark goes back",
  caughtBy: "watermark-forward",
  workload: "windowed sum",
  breaking: () =>
    breakStore((store) => ({
      commitJob(commit) {
        const { watermarks } = JSON.parse(commit.job.text) as Job;
        if (commit.job.version % 9 !== 0) return store.commitJob(commit);
        const back = Object.entries(watermarks).map(([id, [input, output]]) => [
          id,
          [input - 1_000, output - 1_000],
        ]);
        const text = withFields(commit.job.text, { watermarks: Object.fromEntries(back) });
        return store.commitJob({ ...commit, job: { ...commit.job, text } });
      },
    })),
};
