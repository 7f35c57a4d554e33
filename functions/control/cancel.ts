/**
 * Cancel: a job stops at once, whatever was open; its state is kept or deleted.
 *
 * Owns: the step to CANCELLED. What sinks have taken stays, and so does what waits in the sources'
 * subscriptions.
 *
 * JX1. An activation that is out when the state is deleted can't bring a shard back: it knows a head
 *      that is gone, or none, and then the shard's genesis document is there already.
 */
import { isGone, type Job } from "../job.ts";
import { changeJob } from "./change-job.ts";
import { type JobControl, requireState, stopping } from "./job-control.ts";
import { shardsOf } from "./replace-state.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/** How a job is cancelled. */
export interface CancelOptions {
  /** The state stays, and `resume` may take the job up again. */
  readonly keepsState: boolean;
}

/**
 * Cancels a job. One that was cancelled with its state kept, or is DONE, may have it deleted: the next
 * launch begins anew.
 *
 * @throws ERR_OPTION if the job is UPDATING, or its state was to be kept, and is gone or of a job that
 *   is DONE
 */
export async function cancel(
  { deployment, world, subscriptions }: JobControl,
  { keepsState }: CancelOptions,
): Promise<Job> {
  const { plan } = deployment;
  const { all, mailboxes } = subscriptionsOf(plan);
  const configs = await subscriptions.configs(all);
  const job = await changeJob(plan, world.store, (before) => {
    requireState(before, "cancelled", ["RUNNING", "PAUSED", "DRAINING", "CANCELLED", "DONE"]);
    const isOver = isGone(before) || before.state === "DONE";
    if (isOver && keepsState) requireState(before, "cancelled with its state kept", []);
    return { ...stopping(before, configs, world.clock.nowMs()), state: "CANCELLED", keepsState };
  });
  await subscriptions.stop(all);
  if (keepsState) return job;
  await subscriptions.purge(mailboxes);
  await world.store.deleteState(shardsOf(plan));
  return job;
}
