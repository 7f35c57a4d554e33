/**
 * Resume: a job that stands still goes on where it was.
 *
 * Owns: the step back to RUNNING or DRAINING. A drain goes on as a drain: its sources stay stopped.
 *
 * JR1. The time of the pause is no silence of a source, and no time in which a message could have
 *      come again: what waits for either begins to wait anew.
 * JR2. A change whose state has moved is brought to its end: reads that it adds begin, and what an update
 *      has stored for itself is noted until it is deleted.
 * JR3. No job goes on before every mailbox of its plan has its subscription: Pub/Sub keeps nothing of
 *      what is published to a topic without one.
 * JR4. A job that has another plan than before goes on only when every instance of the earlier one has
 *      been idle for so long that it makes sure of the job again (FE1).
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { idleMsMax } from "../fence.ts";
import { type Job, sourceOf, spentWith } from "../job.ts";
import { startMessages } from "../launch.ts";
import type { EngineOptions } from "../options.ts";
import { sendOwn } from "../send.ts";
import { movedSource, type SourceState } from "../source-watermark.ts";
import { changeJob } from "./change-job.ts";
import { halfMoved, type JobControl, requireState } from "./job-control.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/**
 * Lets a job go on that is paused, was cancelled with its state kept, or was left at rest by a
 * snapshot or an update; one that runs stays as it is, and one whose resuming was cut off is resumed
 * to the end.
 *
 * @throws ERR_OPTION if the job can't be resumed, or its plan is not deployed yet
 */
export async function resume(control: JobControl): Promise<Job> {
  const { deployment, world, subscriptions, ticks } = control;
  const { plan } = deployment;
  await requireMailboxes(control);
  await rested(control);
  await beginReads(control);
  const going = await changeJob(plan, world.store, (job) => {
    if (job.state === "RUNNING" || job.state === "DRAINING") return undefined;
    const isKept = job.state === "CANCELLED" && job.keepsState === true;
    if (isHalfMoved(job)) throw halfMoved(job);
    if (!isKept && job.state !== "UPDATING") requireState(job, "resumed", ["PAUSED"]);
    return goOn(plan, job, world.clock.nowMs());
  });
  const configs = toStart(plan, going);
  await subscriptions.start(configs);
  const job = await changeJob(plan, world.store, (before) => without(before, configs));
  await ticks.ensure();
  return deleteSpent(control, job);
}

/** @throws ERR_OPTION if stages of the plan can't be sent to (JR3) */
async function requireMailboxes({ deployment, subscriptions }: JobControl): Promise<void> {
  const { pipeline, hash, stages } = deployment.plan;
  const missing = await subscriptions.missing(subscriptionsOf(deployment.plan).mailboxes);
  if (missing.length === 0) return;
  const names = stages.filter(({ mailbox }) => missing.includes(mailbox ?? "")).map(({ id }) => id);
  throw new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline} can't go on under plan ${hash} yet: nothing takes what is sent to ` +
      `${names.join(", ")}. Deploy that plan first (pulumi up), then give this command again; ` +
      "until then the job waits, and nothing is lost.",
  );
}

/** Returns how long a job rests at the least before its plan is another, in ms (JR4). */
export function restMs(options: Pick<EngineOptions, "answerMsMax" | "clockSkewMs">): number {
  return idleMsMax(options) + options.clockSkewMs;
}

/** Waits where an update is finished at once; a deploy takes longer. */
async function rested({ deployment, world }: JobControl): Promise<void> {
  const { store, clock } = world;
  const { options } = deployment;
  const { state, change } = JSON.parse((await store.readJob())?.text ?? "{}") as Partial<Job>;
  if (state !== "UPDATING" || change?.restsUntilMs === undefined) return;
  const leftMs = change.restsUntilMs - clock.nowMs();
  // The clock of whoever wrote it may be far ahead.
  const leftMsMax = options.answerMsMax + restMs(options);
  if (leftMs > 0) await clock.sleep(Math.min(leftMs, leftMsMax));
}

/** Reads that the moved state does not know begin before the job goes on: nobody else asks (JR2). */
async function beginReads({ deployment, world }: JobControl): Promise<void> {
  const record = await world.store.readJob();
  if (record === undefined) return; // Said by who changes it.
  const job = JSON.parse(record.text) as Job;
  const { state, change } = job;
  const isMoved = state === "UPDATING" && change?.phase === "ready";
  if (!isMoved || job.plan !== deployment.plan.hash) return;
  await sendOwn(startMessages(deployment.plan, job), world.mailboxes);
}

/** Deletes what updates have left, and then the note of it. */
async function deleteSpent({ deployment, world }: JobControl, job: Job): Promise<Job> {
  const { spent } = job;
  if (spent === undefined) return job;
  for (const id of spent) await world.store.deleteSnapshot(id);
  return changeJob(deployment.plan, world.store, ({ spent: noted = [], ...rest }) => {
    const left = noted.filter((id) => !spent.includes(id));
    return left.length === 0 ? rest : { ...rest, spent: left };
  });
}

/** A job whose state is as it was, or all new, only has to go on; not so one that is half moved. */
function isHalfMoved({ state, change }: Job): boolean {
  return state === "UPDATING" && change?.phase === "moving";
}

function goOn(plan: MeshPlan, before: Job, nowMs: number): Job {
  const { keepsState: _, change: __, ...job } = before;
  const pausedMs = Math.max(0, nowMs - (job.stopped?.atMs ?? nowMs));
  const sources: Record<string, SourceState> = {};
  for (const { id, ingest } of plan.stages) {
    if (ingest === undefined) continue;
    sources[id] = movedSource(sourceOf(job, id), ingest.watermark, pausedMs);
  }
  const spent = spentWith(before);
  return {
    ...job,
    ...(spent.length > 0 && { spent }),
    state: job.stopped?.from ?? "RUNNING",
    sources,
    resumedAtMs: nowMs,
  };
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
