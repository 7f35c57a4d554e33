/**
 * Job: the document that the tracker keeps of a whole pipeline.
 *
 * Owns: its form. Does not own: how watermarks are computed (watermark.ts) or when (tracker.ts).
 */
import { MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { OperationsJson } from "./metrics/operations.ts";
import type { IngestMetrics } from "./register.ts";
import { NEW_SOURCE, type SourceState } from "./source-watermark.ts";

/**
 * Where a job stands. PAUSED: nothing is delivered and no tick runs. DRAINING: takes no more input
 * and fires all that is open. UPDATING: stands still while its state is moved or copied. CANCELLED:
 * stopped for good, whatever was open.
 */
export type JobState = "RUNNING" | "PAUSED" | "DRAINING" | "UPDATING" | "CANCELLED" | "DONE";

/** Input and output watermark of each stage, and of each side input by `sideKey`. */
export type StageWatermarks = Readonly<
  Record<string, readonly [input: Timestamp, output: Timestamp]>
>;

/** Where the state of an earlier plan's stages went, by stage; those left out were given up. */
export type SupersededPlan = Readonly<
  Record<string, { readonly stage: string /** Of the earlier plan. */; readonly shards: number }>
>;
/** Subscriptions that stand still. */
export interface Stopped {
  /** Where the job goes on from. */
  readonly from: "RUNNING" | "DRAINING";
  readonly atMs: number;
  /** How each pushed before, by its name. */
  readonly configs: Readonly<Record<string, string>>;
}

/** What the tracker keeps of a pipeline. */
export interface Job {
  readonly pipeline: string;
  readonly plan: string;
  /** How often the state of the whole job was replaced (an update, a restore); left out when 0. */
  readonly generation?: number;
  /** Plans that this job ran before, with what has become of their stages: all that their shards
   *  sent is known to have been received. */
  readonly superseded?: Readonly<Record<string, SupersededPlan>>;
  readonly state: JobState;
  /** Of a job that is UPDATING. */
  readonly change?: JobChange;
  /** Snapshots that updates have made for themselves and that nobody needs any more: to be deleted. */
  readonly spent?: readonly string[];
  /** Processing time of the launch, in ms: a source may be silent from the beginning. */
  readonly launchedAtMs: number;
  /** What the control of the job has stopped; undefined: all subscriptions push. */
  readonly stopped?: Stopped;
  /** Processing time of the last resuming, in ms: nothing came, or came again, before it. */
  readonly resumedAtMs?: number;
  /** Of a job that is DRAINING: from this processing time on, a sink that refuses gets no more. */
  readonly drainUntilMs?: number;
  /** Of a job that is CANCELLED: whether its state is still there. */
  readonly keepsState?: boolean;
  readonly watermarks: StageWatermarks;
  readonly sources: Readonly<Record<string, SourceState>>;
  readonly ingest: Readonly<Record<string, IngestMetrics>>;
  /** What the launch and the tracker cost so far; older jobs lack it. */
  readonly operations?: OperationsJson;
  /** By `stage/shard`: the input watermark last sent, when (processing time, ms), and its version then. */
  readonly advanced: Readonly<
    Record<string, readonly [input: Timestamp, atMs: number, version: number]>
  >;
}

/** What the control of a job is in the middle of, so that anybody can bring it to its end. */
export interface JobChange {
  readonly kind: "snapshot" | "update" | "restore" | "relaunch";
  /** Still coming to rest; its state is replaced; it is, and the job only has to go on. */
  readonly phase: "stopping" | "moving" | "ready";
  /** The snapshot that state is replaced from. */
  readonly snapshot?: string;
  /** Hash of the plan that it is replaced for. */
  readonly plan?: string;
  /** What the heads bear that the state was copied from: they take nothing more while it stands here. */
  readonly seal?: string;
  /** Processing time before which nothing is delivered under the new plan, in ms (JR4). */
  readonly restsUntilMs?: number;
}

/** Returns the snapshots that are spent when a change is over; a person's own never are. */
export function spentWith({ spent = [], change }: Job): readonly string[] {
  const own = change?.kind === "update" ? change.snapshot : undefined;
  return own === undefined || spent.includes(own) ? spent : [...spent, own];
}

/** Returns the job of a pipeline that has just begun. */
export function newJob(pipeline: string, plan: string, launchedAtMs: number): Job {
  const empty = { watermarks: {}, sources: {}, ingest: {}, advanced: {} };
  return { pipeline, plan, state: "RUNNING", launchedAtMs, ...empty };
}

/** Returns how messages of the mesh itself name a job's generation: not at all when it is 0. */
export function generationOf({ generation = 0 }: Pick<Job, "generation">): {
  generation?: number;
} {
  return generation > 0 ? { generation } : {};
}

/** Whether nothing of a job may move. */
export function standsStill({ state }: Job): boolean {
  return state === "PAUSED" || state === "UPDATING" || state === "CANCELLED";
}

/** Whether a job's state was deleted, and the next job has not begun yet. */
export function isGone({ state, keepsState, change }: Job): boolean {
  if (state === "CANCELLED") return keepsState !== true;
  return state === "UPDATING" && change?.kind === "relaunch";
}

/** Returns what the watermark of a stage's side input is stored under. */
export function sideKey(stage: string, side: string): string {
  return `${stage}<${side}`;
}

/** Returns a stage's watermarks; MIN before the first tick. */
export function watermarksOf(job: Job, stage: string): readonly [Timestamp, Timestamp] {
  return job.watermarks[stage] ?? [MIN_TIMESTAMP, MIN_TIMESTAMP];
}

/** Returns what is known of an ingest stage's source. */
export function sourceOf(job: Job, stage: string): SourceState {
  return job.sources[stage] ?? { ...NEW_SOURCE, lastAtMs: job.launchedAtMs };
}
