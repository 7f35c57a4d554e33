/**
 * Jobs: what `pulumi up` may ask of the jobs that are stored, and do to them.
 *
 * Owns: the seam between deciding (job-step.ts) and doing (cloud-jobs.ts): tests put another one in.
 */
import type { UpdateInput } from "../functions/control/update.ts";
import type { Deployment } from "../functions/deployment.ts";
import type { Job } from "../functions/job.ts";

/** A job that was launched, and how. */
export interface StoredJob {
  readonly job: Job;
  readonly deployment: Deployment;
}

/** The jobs of a stack's database. */
export interface Jobs {
  /** Returns all that were launched there; none where the database is not there yet. */
  stored(): Promise<readonly StoredJob[]>;
  /** Moves a job's state to another plan; its functions and topics can then be replaced. */
  prepare(running: Deployment, input: UpdateInput): Promise<void>;
  /** Deletes what a job that is DONE has left: the next launch begins anew. */
  clear(finished: Deployment): Promise<void>;
  /** Lets a job go on whose new functions stand. */
  finish(deployment: Deployment): Promise<Job>;
  /** Launches a job, or makes sure that it was. */
  launch(deployment: Deployment): Promise<Job>;
  /** Drains a job and waits until it is DONE. */
  drain(deployment: Deployment, timeoutMs: number): Promise<void>;
  /** Lets subscriptions that were there before push to their stages. */
  feed(deployment: Deployment, subscriptions: Readonly<Record<string, string>>): Promise<void>;
}
