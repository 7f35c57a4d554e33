/** `liveness`: when faults have ended, the job comes to DONE within a bounded time. */
import type { Checker } from "./checker.ts";

/** The job comes to its end. */
export const liveness: Checker = {
  name: "liveness",
  promise: "When faults have ended, the job comes to DONE within a bounded virtual time.",
  watch: ({ workload }, report) => ({
    async ended(mesh) {
      const state = (await mesh.job())?.state ?? "never launched";
      if (state !== (workload?.endsAs ?? "DONE")) report(`the job is ${state} at the end`);
    },
  }),
};
