/** `watermark-forward` (W1) and `output-behind-input` (W2), in every job document that is stored. */
import type { Checker } from "./checker.ts";
import { watermarksBefore } from "./generations.ts";

/** W1: no watermark goes back. */
export const watermarkForward: Checker = {
  name: "watermark-forward",
  promise: "W1: neither watermark of a stage ever goes back.",
  watch: ({ ledger }, report) => ({
    jobStored({ job }) {
      const after = ledger.jobOf(job.text);
      const { watermarks } = after;
      for (const [stage, [input, output]] of Object.entries(watermarksBefore(ledger.job, after))) {
        const [nextInput = -Infinity, nextOutput = -Infinity] = watermarks[stage] ?? [];
        if (nextInput < input) report(`${stage}: input goes back from ${input} to ${nextInput}`);
        if (nextOutput < output) report(`${stage}: output back from ${output} to ${nextOutput}`);
      }
    },
  }),
};

/** W2: the output watermark is not ahead of the input watermark. */
export const outputBehindInput: Checker = {
  name: "output-behind-input",
  promise: "W2: a stage's output watermark is never ahead of its input watermark.",
  watch: ({ ledger }, report) => ({
    jobStored({ job }) {
      const { watermarks } = ledger.jobOf(job.text);
      for (const [stage, [input, output]] of Object.entries(watermarks)) {
        if (output > input) report(`${stage}: output ${output} is ahead of input ${input}`);
      }
    },
  }),
};
