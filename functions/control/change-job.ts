/**
 * Change job: one step of a job's document that a person asked for, beside the tracker's own.
 *
 * Owns: trying again when a tick was faster. Does not own: what is changed (the other files here).
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import type { Job } from "../job.ts";
import type { Store } from "../ports.ts";
import { decodeJob } from "../tracker.ts";

const ATTEMPTS_MAX = 10;

/**
 * Stores what `change` makes of the job, and returns it; undefined leaves the job as it is.
 *
 * @throws ERR_OPTION if the pipeline was never launched
 * @throws ERR_PLAN_MISMATCH if the stored job is of another plan
 */
export async function changeJob(
  plan: MeshPlan,
  store: Store,
  change: (job: Job) => Job | undefined,
): Promise<Job> {
  for (let attempt = 1; ; attempt++) {
    const record = await store.readJob();
    if (record === undefined) {
      throw new MeshError("ERR_OPTION", `Pipeline ${plan.pipeline} was never launched.`);
    }
    const job = decodeJob(record.text, plan);
    const changed = change(job);
    if (changed === undefined) return job;
    try {
      await store.commitJob({
        previousVersion: record.version,
        job: { version: record.version + 1, text: JSON.stringify(changed) },
        registersToPut: [],
        registersToDelete: [],
      });
      return changed;
    } catch (error) {
      // A tick was faster: its job is the one to change.
      const isLost = isMeshError(error) && error.code === "ERR_STORE_CONTENTION";
      if (!isLost || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}
