/**
 * Update: a running job goes on under another plan, with its state.
 *
 * Owns: the steps, and taking them up again where they were cut off. Does not own: which state fits
 * (sdk/compile/compatibility.ts), moving it (replace-state.ts), replacing functions and topics, which
 * is the caller's, between `prepareUpdate` and `finishUpdate`.
 *
 * UP1. What does not fit is refused before anything has changed.
 * UP2. Each step may be taken again, after it or in the midst of it, with the same end.
 * UP3. State is replaced by a copy only if the job has stood still since, as one change: who let it go on
 *      meanwhile, or began another, has the state.
 */
import {
  comparePlans,
  type PlanComparison,
  requireCompatible,
  type UpdateOptions,
} from "../../sdk/compile/compatibility.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { type Deployment, putDeployment } from "../deployment.ts";
import type { Job, JobChange, Stopped } from "../job.ts";
import { changeJob } from "./change-job.ts";
import { halfMoved, type JobControl, requireState, withChange } from "./job-control.ts";
import {
  commitJob,
  movedJob,
  movedRegisters,
  type Replacement,
  replaceShards,
  supersededBy,
} from "./replace-state.ts";
import { restMs, resume } from "./resume.ts";
import { contentAtRest, newSnapshotId } from "./snapshot.ts";
import { readSnapshot, type SnapshotContent, writeSnapshot } from "./snapshot-text.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/** What a job is updated to. */
export interface UpdateInput extends UpdateOptions {
  readonly deployment: Deployment;
  /** How long the job may take to come to rest, in ms. */
  readonly timeoutMs: number;
}

/**
 * Moves the state of a job to another plan. When it returns, functions and topics of that plan can be
 * put in place, and then the update finished.
 *
 * @param control - of the plan that the job runs now
 * @throws ERR_UPDATE_INCOMPATIBLE if its state does not fit; nothing has changed then
 * @throws ERR_UPDATE_TIMEOUT if the job does not come to rest; it runs on then
 */
export async function prepareUpdate(
  control: JobControl,
  input: UpdateInput,
): Promise<PlanComparison> {
  const { plan: old } = control.deployment;
  const { plan } = input.deployment;
  const comparison = comparePlans(old, plan, input);
  requireCompatible(old, comparison);
  const job = await readJob(control);
  if (job.plan === plan.hash) return comparison;
  requireUpdatable(job);
  const content = await contentToMove(control, job, input);
  await replaceState(control, { content, comparison, plan, generation: (job.generation ?? 0) + 1 });
  return comparison;
}

/**
 * Lets the job go on whose new functions stand.
 *
 * @param control - of the plan that it was updated to
 */
export async function finishUpdate(control: JobControl): Promise<Job> {
  const { deployment } = control;
  const job = await readJob(control);
  // It was finished before, or cut off after it went on.
  if (job.state !== "UPDATING") return job.spent === undefined ? job : resume(control);
  const { change } = job;
  if (change?.phase !== "ready" || job.plan !== deployment.plan.hash) {
    throw new MeshError(
      "ERR_OPTION",
      `Pipeline ${job.pipeline} is not ready to go on under plan ${deployment.plan.hash}: ` +
        "its state has not been moved yet. Run tidemark update again.",
    );
  }
  return resume(control);
}

/**
 * Takes an update back that is not finished: the job runs on under its old plan, whose functions must
 * stand.
 *
 * @param control - of the plan that the stored job names
 */
export async function abortUpdate(control: JobControl): Promise<Job> {
  const { change, generation = 0 } = await readJob(control);
  const isBegun = change?.kind === "update" && change.phase !== "stopping";
  if (!isBegun || change.snapshot === undefined) return resume(control);
  const content = await readSnapshot(control.world.store, change.snapshot);
  const { plan } = content.deployment;
  const comparison = comparePlans(plan, plan);
  await replaceState(control, { content, comparison, plan, generation: generation + 1 });
  return finishUpdate({ ...control, deployment: content.deployment });
}

/** The state as it was when the job came to rest, stored where no step of the update touches it. */
async function contentToMove(
  control: JobControl,
  job: Job,
  { deployment, timeoutMs }: UpdateInput,
): Promise<SnapshotContent> {
  const { change, stopped } = job;
  const { store } = control.world;
  const { hash } = deployment.plan;
  if (change?.phase === "moving") {
    const isSame = change.kind === "update" && change.plan === hash;
    if (isSame && change.snapshot !== undefined) return readSnapshot(store, change.snapshot);
    throw halfMoved(job);
  }
  const id = newSnapshotId(control);
  const begun = { kind: "update", plan: hash, snapshot: id } as const;
  const content = await contentAtRest(control, { ...begun, phase: "stopping" }, timeoutMs, true);
  const seal = content.job.change?.seal;
  try {
    const takenAtMs = stopped?.atMs ?? control.world.clock.nowMs();
    await writeSnapshot(store, id, content, { takenAtMs, subscriptions: {} });
    await putDeployment(store, deployment);
    await noteMoving(control, { ...begun, phase: "moving", ...(seal !== undefined && { seal }) });
  } catch (error) {
    // Nothing of its state has changed yet; but it may be noted that it is about to.
    const { change: now } = await readJob(control);
    if (now?.phase !== "moving" && now?.seal === seal) await resume(control);
    throw error;
  }
  return content;
}

/** Notes that the state is about to be replaced. @throws ERR_OPTION if it has gone on since (UP3) */
async function noteMoving({ deployment, world }: JobControl, change: JobChange): Promise<void> {
  await changeJob(deployment.plan, world.store, (job) => {
    const isSame = job.state === "UPDATING" && job.change?.seal === change.seal;
    if (!isSame) throw overtaken(job);
    return withChange(job, change);
  });
}

function overtaken({ pipeline }: Job): MeshError {
  return new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline}: another command let the job go on, or began to change it, while its state ` +
      "was copied. Nothing was moved; give this one again when the other has ended.",
  );
}

/** Writes shards and job of the new generation; the job then only has to go on. */
async function replaceState(control: JobControl, replacement: Replacement): Promise<void> {
  const { plan, generation, comparison, content } = replacement;
  await replaceShards(control, replacement);
  const { deployment, world } = control;
  const registers = movedRegisters(replacement, world.clock.nowMs());
  const restsUntilMs = world.clock.nowMs() + restMs(deployment.options);
  const ready = (job: Job): Job => ({
    ...job,
    ...movedJob(replacement),
    plan: plan.hash,
    generation,
    superseded:
      job.plan === plan.hash
        ? (job.superseded ?? {})
        : supersededBy({ ...job, plan: content.job.plan }, comparison, plan),
    ...(job.stopped !== undefined && { stopped: stoppedOf(plan, job.stopped, content.job) }),
    ...(job.change !== undefined && { change: { ...job.change, phase: "ready", restsUntilMs } }),
  });
  await commitJob(control, ready, registers);
}

/**
 * What is to push again: subscriptions that the plan has no more stay stopped, and those that it has
 * again push as they did when the job came to rest.
 */
function stoppedOf(plan: MeshPlan, stopped: Stopped, atRest: Job): Stopped {
  const names = new Set(subscriptionsOf(plan).all);
  const all = { ...atRest.stopped?.configs, ...stopped.configs };
  const configs = Object.entries(all).filter(([name]) => names.has(name));
  return { ...stopped, configs: Object.fromEntries(configs) };
}

async function readJob({ deployment, world }: JobControl): Promise<Job> {
  const record = await world.store.readJob();
  if (record !== undefined) return JSON.parse(record.text) as Job;
  throw new MeshError("ERR_OPTION", `Pipeline ${deployment.plan.pipeline} was never launched.`);
}

/** @throws ERR_OPTION if a job can't be updated as it stands */
function requireUpdatable(job: Job): void {
  requireState(job, "updated", ["RUNNING", "UPDATING"]);
}
