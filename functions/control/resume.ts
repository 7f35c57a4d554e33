/**
 * Resume: a job that stands still goes on where it was.
 *
 * Owns: the step back to RUNNING or DRAINING. A drain goes on as a drain: its sources stay stopped.
 *
 * JR1. The time of the pause is no silence of a source, and no time in which a message could have
 *      come again: what waits for either begins to wait anew.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { type Job, sourceOf } from "../job.ts";
import { movedSource, type SourceState } from "../source-watermark.ts";
import { changeJob } from "./change-job.ts";
import { type JobControl, requireState } from "./job-control.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/**
 * Lets a job go on that is paused, was cancelled with its state kept, or was left at rest by a
 * snapshot or an update; one that runs stays as it is, and one whose resuming was cut off is resumed
 * to the end.
 *
 * @throws ERR_OPTION if the job can't be resumed
 */
export async function resume(control: JobControl): Promise<Job> {
  const { deployment, world, subscriptions, ticks } = control;
  const { plan } = deployment;
  const going = await changeJob(plan, world.store, (job) => {
    if (job.state === "RUNNING" || job.state === "DRAINING") return undefined;
    const isKept = job.state === "CANCELLED" && job.keepsState === true;
    if (!isKept && !isMended(job)) requireState(job, "resumed", ["PAUSED"]);
    return goOn(plan, job, world.clock.nowMs());
  });
  const configs = toStart(plan, going);
  await subscriptions.start(configs);
  const job = await changeJob(plan, world.store, (before) => without(before, configs));
  await ticks.ensure();
  return job;
}

/** A job whose state is as it was, or all new, only has to go on; not so one that is half moved. */
function isMended({ state, change }: Job): boolean {
  return state === "UPDATING" && change?.phase !== "moving";
}

function goOn(plan: MeshPlan, { keepsState: _, change: __, ...job }: Job, nowMs: number): Job {
  const pausedMs = Math.max(0, nowMs - (job.stopped?.atMs ?? nowMs));
  const sources: Record<string, SourceState> = {};
  for (const { id, ingest } of plan.stages) {
    if (ingest === undefined) continue;
    sources[id] = movedSource(sourceOf(job, id), ingest.watermark, pausedMs);
  }
  return { ...job, state: job.stopped?.from ?? "RUNNING", sources, resumedAtMs: nowMs };
}

/** The subscriptions that are to push again: in a drain the mailboxes' alone. */
function toStart(plan: MeshPlan, { state, stopped }: Job): Record<string, string> {
  const { all, mailboxes } = subscriptionsOf(plan);
  const names = new Set(state === "DRAINING" ? mailboxes : all);
  return Object.fromEntries(Object.entries(stopped?.configs ?? {}).filter(([n]) => names.has(n)));
}

function without(job: Job, started: Readonly<Record<string, string>>): Job | undefined {
  const { stopped, ...rest } = job;
  if (stopped === undefined) return undefined;
  const left = Object.entries(stopped.configs).filter(([name]) => !(name in started));
  if (left.length === 0) return rest;
  return { ...rest, stopped: { ...stopped, configs: Object.fromEntries(left) } };
}
