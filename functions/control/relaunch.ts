/**
 * Relaunch: a job begins anew under the name of one that was cancelled with its state deleted, or is
 * DONE and of another plan.
 *
 * Owns: the steps, and launching whatever stands. Does not own: the state of a generation
 * (replace-state.ts), or the first launch (launch.ts).
 *
 * RL1. Nothing of the cancelled job is seen: its mailboxes are emptied once more when all that was out
 *      must have ended, what its shards still send is of an earlier generation, and what its instances
 *      know of shards can't be committed.
 * RL2. Cut off anywhere, launching again ends right.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import { type Deployment, putDeployment, readDeployment } from "../deployment.ts";
import { isGone, type Job, type JobChange, newJob } from "../job.ts";
import { launch, startRegisters } from "../launch.ts";
import { cancel } from "./cancel.ts";
import { untilAnswered } from "./drain.ts";
import type { JobControl } from "./job-control.ts";
import { commitJob, replaceShards } from "./replace-state.ts";
import { restMs, resume } from "./resume.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/**
 * Launches a pipeline whose topics and functions stand. One that was cancelled begins anew, and so does
 * one that is DONE and whose plan has changed; DONE under the same plan, it stays so.
 *
 * @throws ERR_PLAN_MISMATCH if a job of another plan is stored that has not ended
 * @throws ERR_OPTION if the job was cancelled with its state kept
 */
export async function launchAnew(control: JobControl): Promise<void> {
  const { deployment, world, ticks } = control;
  try {
    const stood = await launch(deployment, world, ticks);
    if (stood !== undefined && isAboutToGoOn(stood)) await resume(control);
  } catch (error) {
    if (!isMeshError(error) || (await relaunch(control)) === undefined) throw error;
    await launch(deployment, world, ticks);
  }
}

/**
 * Puts a new job in the place of one whose state was deleted, or that is DONE under another plan, and
 * lets it go on; any other stays as it is. Its reads begin with `launch`.
 *
 * @param control - of the plan that the job is to run: any plan
 * @returns the job, or undefined if there was nothing to do
 */
export async function relaunch(control: JobControl): Promise<Job | undefined> {
  const { deployment, world } = control;
  const { plan } = deployment;
  const record = await world.store.readJob();
  if (record === undefined) return undefined;
  const before = JSON.parse(record.text) as Job;
  if (before.plan === plan.hash && isAboutToGoOn(before)) return resume(control);
  if (isFinished(before, plan)) {
    const finished = await readDeployment(world.store, before.plan);
    await cancel({ ...control, deployment: finished }, { keepsState: false });
    return relaunch(control);
  }
  if (!isGone(before)) return undefined;
  const cancelled = await readDeployment(world.store, before.plan);
  await emptyMailboxes(control, before, cancelled);
  await putDeployment(world.store, deployment);
  const rest = restOf(before, cancelled, plan);
  const begun = newerJob(before, deployment, rest, world.clock.nowMs());
  await world.store.commitJob({
    previousVersion: record.version,
    job: { version: record.version + 1, text: JSON.stringify(begun) },
    registersToPut: [],
    registersToDelete: [],
  });
  const { generation = 0 } = begun;
  const content = { job: begun, deployment, registers: [], shards: new Map() };
  const comparison = { stages: [], isCompatible: true };
  await replaceShards(control, { content, comparison, plan, generation });
  const reads = plan.stages.filter(({ kind }) => kind === "read");
  await commitJob(
    control,
    (job) => ({ ...job, change: { kind: "relaunch", phase: "ready", ...rest } }),
    startRegisters(reads, world.clock.nowMs()),
  );
  return resume(control);
}

/** Whether a job has come to its end under another plan than it is to have. */
function isFinished({ state, plan }: Job, { hash }: MeshPlan): boolean {
  return state === "DONE" && plan !== hash;
}

/** Whether a launch was cut off when all was ready. */
function isAboutToGoOn({ state, stopped, change }: Job): boolean {
  if (state === "RUNNING") return stopped !== undefined;
  return state === "UPDATING" && change?.kind === "relaunch" && change.phase === "ready";
}

type Rest = Pick<JobChange, "restsUntilMs">;

/** How long instances of an earlier plan may still take the job for theirs (JR4). */
function restOf(
  { change, stopped }: Job,
  { plan: earlier, options }: Deployment,
  { hash }: MeshPlan,
): Rest {
  // Launching was cut off: the job has its new plan already.
  if (change?.restsUntilMs !== undefined) return { restsUntilMs: change.restsUntilMs };
  const isTaking = earlier.stages.some(({ kind }) => kind === "ingest");
  if (earlier.hash === hash || !isTaking || stopped === undefined) return {};
  return { restsUntilMs: stopped.atMs + options.answerMsMax + restMs(options) };
}

/** What was out when the job was cancelled may have sent more since. */
async function emptyMailboxes(
  control: JobControl,
  { stopped }: Job,
  { plan, options: { answerMsMax } }: Deployment,
): Promise<void> {
  const { world, subscriptions } = control;
  const { mailboxes } = subscriptionsOf(plan);
  const sinceMs = world.clock.nowMs() - (stopped?.atMs ?? 0);
  if (sinceMs < answerMsMax) await untilAnswered(control, Object.keys(stopped?.configs ?? {}));
  await subscriptions.purge(mailboxes);
}

/** A job of the next generation, for which nothing that any plan before sent means anything. */
function newerJob(before: Job, { plan }: Deployment, rest: Rest, nowMs: number): Job {
  const { generation = 0, stopped, superseded = {}, spent } = before;
  const plans = [...Object.keys(superseded), before.plan].filter((hash) => hash !== plan.hash);
  const names = new Set(subscriptionsOf(plan).all);
  const configs = Object.entries(stopped?.configs ?? {}).filter(([name]) => names.has(name));
  return {
    ...newJob(plan.pipeline, plan.hash, nowMs),
    ...(spent !== undefined && { spent }),
    generation: generation + 1,
    superseded: Object.fromEntries(plans.map((hash) => [hash, {}])),
    state: "UPDATING",
    change: { kind: "relaunch", phase: "moving", ...rest },
    stopped: { from: "RUNNING", atMs: nowMs, configs: Object.fromEntries(configs) },
  };
}
