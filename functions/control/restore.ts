/**
 * Restore: a job goes on from a snapshot, its own or that of another pipeline of the same shape.
 *
 * Owns: the steps, and taking them up again where they were cut off. Does not own: moving state
 * (replace-state.ts), reading snapshots (snapshot-text.ts).
 *
 * RE1. What the job did since the snapshot is given up inside of the mesh; what its sources had not
 *      acknowledged then comes again, and so does what came later. What sinks have taken stays.
 * RE2. Each step may be taken again, after it or in the midst of it, with the same end.
 */
import {
  comparePlans,
  requireCompatible,
  type UpdateOptions,
} from "../../sdk/compile/compatibility.ts";
import { type Job, standsStill } from "../job.ts";
import { movedSource, type SourceState } from "../source-watermark.ts";
import { changeJob } from "./change-job.ts";
import { untilAnswered } from "./drain.ts";
import { halfMoved, type JobControl, requireState, stopping } from "./job-control.ts";
import {
  commitJob,
  movedJob,
  movedRegisters,
  type Replacement,
  replaceShards,
} from "./replace-state.ts";
import { resume } from "./resume.ts";
import { readSnapshot, type Snapshot } from "./snapshot-text.ts";
import { subscriptionOf, subscriptionsOf } from "./subscription-names.ts";

/** How a job is restored. */
export interface RestoreOptions extends UpdateOptions {
  /** Sources are left where they are: for a snapshot whose messages nobody keeps any more. */
  readonly keepsSources?: boolean;
}

/**
 * Restores a job from a stored snapshot.
 *
 * @throws ERR_SNAPSHOT if there is none, or it is not whole
 * @throws ERR_UPDATE_INCOMPATIBLE if it does not fit the plan that the job runs; nothing has changed then
 */
export async function restore(
  control: JobControl,
  snapshotId: string,
  options: RestoreOptions = {},
): Promise<Job> {
  const { deployment, world, subscriptions } = control;
  const { plan } = deployment;
  const snapshot = await readSnapshot(world.store, snapshotId);
  const comparison = comparePlans(snapshot.deployment.plan, plan, options);
  requireCompatible(snapshot.deployment.plan, comparison);
  const job = await stopAll(control, snapshotId);
  const generation = (job.generation ?? 0) + 1;
  const replacement: Replacement = { content: snapshot, comparison, plan, generation };
  if (job.change?.phase !== "ready") {
    // First: a register that outlives the old state is then of bundles that were not purged.
    await subscriptions.purge(subscriptionsOf(plan).mailboxes);
    await replaceShards(control, replacement);
    if (options.keepsSources !== true) await seekSources(control, replacement, snapshot);
    // What was on its way to another pipeline never comes to this one.
    const content = isOwn(control, snapshot) ? snapshot : { ...snapshot, registers: [] };
    const registers = movedRegisters({ ...replacement, content }, world.clock.nowMs());
    await commitJob(control, (before) => readyJob(before, replacement, snapshot), registers);
  }
  return resume(control);
}

/** Stops all deliveries, and says in the job what for. */
async function stopAll(control: JobControl, snapshot: string): Promise<Job> {
  const { deployment, world, subscriptions } = control;
  const { all } = subscriptionsOf(deployment.plan);
  const configs = await subscriptions.configs(all);
  const change = { kind: "restore", phase: "moving", snapshot } as const;
  const job = await changeJob(deployment.plan, world.store, (before) => {
    const ongoing = before.state === "UPDATING" ? before.change : undefined;
    if (ongoing?.kind === "restore" && ongoing.snapshot === snapshot) return undefined;
    if (ongoing?.kind === "update" && ongoing.phase !== "stopping") throw halfMoved(before);
    requireState(before, "restored", ["RUNNING", "PAUSED", "DRAINING", "UPDATING", "DONE"]);
    // A job that has ended stands still by itself, with its subscriptions on.
    const running = standsStill(before) ? before : { ...before, state: "RUNNING" as const };
    return { ...stopping(running, configs, world.clock.nowMs()), state: "UPDATING", change };
  });
  await subscriptions.stop(all);
  await untilAnswered(control, all);
  return job;
}

/** The job as the snapshot has it, in a new generation: silence since then is none of its sources. */
function readyJob(before: Job, replacement: Replacement, { manifest }: Snapshot): Job {
  const { plan, generation } = replacement;
  const moved = movedJob(replacement);
  const byMs = Math.max(0, (before.stopped?.atMs ?? manifest.takenAtMs) - manifest.takenAtMs);
  const sources: Record<string, SourceState> = {};
  for (const { id, ingest } of plan.stages) {
    const source = moved.sources[id];
    if (source !== undefined && ingest !== undefined) {
      sources[id] = movedSource(source, ingest.watermark, byMs);
    }
  }
  const { change, stopped } = before;
  return {
    ...before,
    ...moved,
    sources,
    generation,
    ...(stopped !== undefined && { stopped: { ...stopped, from: "RUNNING" } }),
    ...(change !== undefined && { change: { ...change, phase: "ready" } }),
  };
}

function isOwn({ deployment }: JobControl, { manifest }: Snapshot): boolean {
  return manifest.pipeline === deployment.plan.pipeline;
}

/** A copy under another name has sources of its own, which know nothing of the snapshot. */
async function seekSources(
  control: JobControl,
  { comparison }: Replacement,
  snapshot: Snapshot,
): Promise<void> {
  if (!isOwn(control, snapshot)) return;
  for (const { old, new: next } of comparison.stages) {
    if (old === undefined || next?.ingest === undefined) continue;
    const id = snapshot.manifest.subscriptions[subscriptionOf(old)];
    if (id !== undefined) await control.subscriptions.seek(subscriptionOf(next), id);
  }
}
