/**
 * Drain: no more input; what is open is fired and the job ends.
 *
 * Owns: the step to DRAINING. Does not own: telling reads of it (tracker.ts); stopping the publishers
 * and letting the backlog of the source's subscription run empty first, which is the caller's: what
 * comes in later is late.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { World } from "./ports.ts";
import type { Ticks } from "./ticks.ts";
import { decodeJob } from "./tracker.ts";

const ATTEMPTS_MAX = 10;

/**
 * Sets every topic's watermark to +∞ and has unbounded reads cut short, so that all windows fire and
 * the job comes to DONE.
 *
 * @throws ERR_OPTION if the pipeline was never launched
 */
export async function drain(plan: MeshPlan, world: World, ticks: Ticks): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const record = await world.store.readJob();
    if (record === undefined) {
      throw new MeshError("ERR_OPTION", `Pipeline ${plan.pipeline} was never launched.`);
    }
    const job = decodeJob(record.text, plan);
    if (job.state !== "RUNNING") break;
    try {
      await world.store.commitJob({
        previousVersion: record.version,
        job: { version: record.version + 1, text: JSON.stringify({ ...job, state: "DRAINING" }) },
        registersToPut: [],
        registersToDelete: [],
      });
      break;
    } catch (error) {
      // A tick was faster: its job is the one to change.
      const isLost = isMeshError(error) && error.code === "ERR_STORE_CONTENTION";
      if (!isLost || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
  await ticks.ensure();
}
