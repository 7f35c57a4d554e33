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

/** What the tracker keeps of a pipeline. */
export interface Job {
  readonly pipeline: string;
  readonly plan: string;
  readonly state: JobState;
  /** Processing time of the launch, in ms: a source may be silent from the beginning. */
  readonly launchedAtMs: number;
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

/** Returns the job of a pipeline that has just begun. */
export function newJob(pipeline: string, plan: string, launchedAtMs: number): Job {
  const empty = { watermarks: {}, sources: {}, ingest: {}, advanced: {} };
  return { pipeline, plan, state: "RUNNING", launchedAtMs, ...empty };
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
