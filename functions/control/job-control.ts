/**
 * Job control: what pausing, resuming, draining and cancelling a job have in common.
 *
 * Owns: what they work with, and the words for a state in which a step can't be taken. Does not own:
 * the steps (the other files here).
 *
 * JC1. What a step needs to be taken back, or taken up again by another caller, is in the job's
 *      document before the first subscription stands still.
 * JC2. Each step may be taken again, after it or in the midst of it, with the same end.
 */
import { MeshError } from "../../sdk/model/errors.ts";
import type { Deployment } from "../deployment.ts";
import { type Job, type JobChange, type JobState, spentWith, standsStill } from "../job.ts";
import type { Subscriptions, World } from "../ports.ts";
import type { Ticks } from "../ticks.ts";

/** What the control of a job works with. */
export interface JobControl {
  readonly deployment: Deployment;
  readonly world: World;
  readonly subscriptions: Subscriptions;
  readonly ticks: Ticks;
}

/** What one can do to a job that stands where it does. */
const WAYS_OUT: Readonly<Record<JobState, string>> = {
  RUNNING: "It runs.",
  PAUSED: "Resume it first: tidemark resume",
  DRAINING: "Wait until it is DONE, or cancel it: tidemark cancel",
  UPDATING: "Wait until the update has ended.",
  CANCELLED: "If its state was kept, it can be taken up again: tidemark resume",
  DONE: "It has ended. Let the next launch begin anew: tidemark cancel",
};

/** Returns the error of a step that can't be taken in a job's state. */
export function wrongState({ pipeline, state }: Job, step: string): MeshError {
  const way = WAYS_OUT[state];
  const hint = way.endsWith(".") ? way : `${way} ${pipeline}`;
  return new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline} is ${state}: it can't be ${step}. ${hint}`,
  );
}

/** Returns the error of a step for which the state must be whole, and is half moved. */
export function halfMoved({ pipeline, change }: Job): MeshError {
  const { kind = "update", snapshot = "SNAPSHOT" } = change ?? {};
  const again =
    kind === "restore"
      ? `tidemark restore ${pipeline} ${snapshot}`
      : "tidemark update FILE (--abort takes it back)";
  return new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline}: the ${kind} is under way, or was cut off in the midst of it. Wait, or give ` +
      `it again: ${kind === "relaunch" ? "launch the pipeline" : again}`,
  );
}

/** @throws ERR_OPTION if a job is in none of these states */
export function requireState(job: Job, step: string, states: readonly JobState[]): void {
  if (!states.includes(job.state)) throw wrongState(job, step);
}

/** Returns a job with another change; what the one before had stored for itself is to be deleted. */
export function withChange(job: Job, change: JobChange): Job {
  const spent = spentWith(job).filter((id) => id !== change.snapshot);
  return { ...job, ...(spent.length > 0 && { spent }), change };
}

/** Returns a job whose subscriptions are about to stand still; what is known already stays. */
export function stopping(job: Job, configs: Readonly<Record<string, string>>, atMs: number): Job {
  const { stopped, state } = job;
  const stands = standsStill(job) ? stopped : undefined;
  const from = stands?.from ?? (state === "DRAINING" ? "DRAINING" : "RUNNING");
  const all = { ...configs, ...stopped?.configs };
  return { ...job, stopped: { from, atMs: stands?.atMs ?? atMs, configs: all } };
}
