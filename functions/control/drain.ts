/**
 * Drain: no more input; what is open is fired and the job ends.
 *
 * Owns: the step to DRAINING. Does not own: telling reads of it (tracker.ts); stopping the publishers
 * and letting the backlog of the source's subscription run empty first, which is the caller's: what
 * comes in later is late.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { World } from "../ports.ts";
import type { Ticks } from "../ticks.ts";
import { changeJob } from "./change-job.ts";

/**
 * Sets every topic's watermark to +∞ and has unbounded reads cut short, so that all windows fire and
 * the job comes to DONE.
 *
 * @throws ERR_OPTION if the pipeline was never launched
 */
export async function drain(plan: MeshPlan, world: World, ticks: Ticks): Promise<void> {
  await changeJob(plan, world.store, (job) =>
    job.state === "RUNNING" ? { ...job, state: "DRAINING" } : undefined,
  );
  await ticks.ensure();
}
