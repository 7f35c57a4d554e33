/** A stage's output watermark is stored ahead of its input watermark. */
import type { Job } from "../../../functions/job.ts";
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const outputAhead: PlantedBug = {
  name: "an output watermark runs ahead",
  caughtBy: "output-behind-input",
  workload: "windowed sum",
  breaking: () =>
    breakStore((store) => ({
      commitJob(commit) {
        const { watermarks } = JSON.parse(commit.job.text) as Job;
        const ahead = Object.entries(watermarks).map(([id, [input]]) => [id, [input, input + 1]]);
        const text = withFields(commit.job.text, { watermarks: Object.fromEntries(ahead) });
        return store.commitJob({ ...commit, job: { ...commit.job, text } });
      },
    })),
};
