/**
 * Status: one snapshot of the mesh as people read it. Pure.
 *
 * Owns: what each stage's row says. Does not own: how it is shown (cli/).
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { decodeProgress, type ShardProgress } from "./head.ts";
import { type Job, type JobState, newJob, watermarksOf } from "./job.ts";
import { type MetricResult, metricResults } from "./metrics/results.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "./options.ts";
import type { MeshSnapshot } from "./ports.ts";
import { decodeRegister } from "./register.ts";
import { isQuiet } from "./tracker.ts";
import { bundlesInFlight, type MeshView } from "./watermark.ts";

/** One stage, now. */
export interface StageStatus {
  readonly stage: string;
  readonly kind: string;
  /** Messages (ingest) or elements taken, since the launch. */
  readonly elementsIn: number;
  readonly elementsOut: number;
  readonly activations: number;
  /** Bundles on their way to the stage. */
  readonly bundlesInFlight: number;
  readonly inputWatermark: Timestamp;
  readonly outputWatermark: Timestamp;
  /** The earliest timestamp that the stage itself holds back; MAX if nothing. */
  readonly hold: Timestamp;
  readonly droppedLate: number;
  /** Elements for windows that their trigger has closed. */
  readonly droppedClosed: number;
  readonly duplicates: number;
  readonly deadLetters: number;
  /** Processing time since the newest commit, in ms; undefined before the first. */
  readonly idleMs: number | undefined;
}

/** The whole mesh, now. */
export interface MeshStatus {
  readonly pipeline: string;
  readonly state: JobState | "NOT LAUNCHED";
  readonly stages: readonly StageStatus[];
  /** What user code counted. */
  readonly metrics: readonly MetricResult[];
  /** Whether nothing is on its way inside the mesh, and nothing is due. */
  readonly isQuiet: boolean;
}

/** Returns how each stage of a mesh stands. */
export function statusOf(
  plan: MeshPlan,
  snapshot: MeshSnapshot,
  nowMs: number,
  options: EngineOptions = DEFAULT_OPTIONS,
): MeshStatus {
  const job =
    snapshot.job === undefined
      ? newJob(plan.pipeline, plan.hash, nowMs)
      : (JSON.parse(snapshot.job.text) as Job);
  const heads = new Map<string, ShardProgress>(
    snapshot.heads.map(({ shard, progress }) => [
      `${shard.stage}/${shard.shard}`,
      decodeProgress(progress),
    ]),
  );
  const registers = snapshot.registers.map((record) => decodeRegister(record.text));
  const view: MeshView = { plan, heads, registers, sources: {} };
  const inFlight = bundlesInFlight(view);
  return {
    pipeline: plan.pipeline,
    state: snapshot.job === undefined ? "NOT LAUNCHED" : job.state,
    metrics: metricResults([
      ...[...heads.values()].map(({ userMetrics }) => userMetrics),
      ...registers.map(({ metrics }) => metrics.user),
      ...Object.values(job.ingest).map(({ user }) => user),
    ]),
    isQuiet: isQuiet({ plan, options }, snapshot, nowMs),
    stages: plan.stages.map((stage) => {
      const [inputWatermark, outputWatermark] = watermarksOf(job, stage.id);
      const counts =
        stage.kind === "ingest" ? ingestCounts(job, view, stage.id) : shardCounts(heads, stage.id);
      const { committedAtMs, ...shown } = counts;
      return {
        stage: stage.id,
        kind: stage.kind,
        ...shown,
        bundlesInFlight: inFlight.get(stage.id) ?? 0,
        inputWatermark,
        outputWatermark,
        idleMs: committedAtMs === 0 ? undefined : nowMs - committedAtMs,
      };
    }),
  };
}

type Counts = Pick<
  StageStatus,
  | "elementsIn"
  | "elementsOut"
  | "activations"
  | "hold"
  | "droppedLate"
  | "droppedClosed"
  | "duplicates"
  | "deadLetters"
> & { committedAtMs: number };

function noCounts(): { -readonly [K in keyof Counts]: Counts[K] } {
  return {
    elementsIn: 0,
    elementsOut: 0,
    activations: 0,
    droppedLate: 0,
    droppedClosed: 0,
    duplicates: 0,
    deadLetters: 0,
    hold: MAX_TIMESTAMP,
    committedAtMs: 0,
  };
}

function ingestCounts(job: Job, view: MeshView, stage: string): Counts {
  const counts = noCounts();
  const open = view.registers.filter((register) => register.stage === stage);
  for (const metrics of [job.ingest[stage], ...open.map((register) => register.metrics)]) {
    counts.elementsIn += metrics?.messages ?? 0;
    counts.elementsOut += metrics?.elementsOut ?? 0;
    counts.deadLetters += metrics?.deadLetters ?? 0;
  }
  counts.activations = open.length;
  // Before the first message the source's time is that of the launch, which is no activity.
  if (counts.elementsIn > 0) counts.committedAtMs = job.sources[stage]?.lastAtMs ?? 0;
  return counts;
}

function shardCounts(heads: ReadonlyMap<string, ShardProgress>, stage: string): Counts {
  const counts = noCounts();
  for (const [key, { metrics, hold, committedAtMs }] of heads) {
    if (key.slice(0, key.lastIndexOf("/")) !== stage) continue;
    counts.elementsIn += metrics.elementsIn;
    counts.elementsOut += metrics.elementsOut;
    counts.activations += metrics.activations;
    counts.droppedLate += metrics.droppedLate;
    counts.droppedClosed += metrics.droppedClosed;
    counts.duplicates += metrics.duplicates;
    counts.deadLetters += metrics.deadLetters;
    counts.hold = earlier(counts.hold, hold);
    counts.committedAtMs = Math.max(counts.committedAtMs, committedAtMs);
  }
  return counts;
}
