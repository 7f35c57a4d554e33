/**
 * Pause: nothing is delivered any more, and no tick runs; nothing is lost.
 *
 * Owns: the step to PAUSED. What is out when it is taken may still end; what is published from then
 * on waits in Pub/Sub, for as long as Pub/Sub keeps messages.
 */
import type { Job } from "../job.ts";
import { changeJob } from "./change-job.ts";
import { type JobControl, requireState, stopping } from "./job-control.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/**
 * Pauses a job; pausing one that is paused stops its subscriptions once more.
 *
 * @throws ERR_OPTION if the job neither runs nor drains
 */
export async function pause({ deployment, world, subscriptions }: JobControl): Promise<Job> {
  const { plan } = deployment;
  const names = subscriptionsOf(plan).all;
  const configs = await subscriptions.configs(names);
  const job = await changeJob(plan, world.store, (before) => {
    if (before.state === "PAUSED") return undefined;
    requireState(before, "paused", ["RUNNING", "DRAINING"]);
    return { ...stopping(before, configs, world.clock.nowMs()), state: "PAUSED" };
  });
  await subscriptions.stop(names);
  return job;
}
