/**
 * Status: one snapshot of the mesh as people read it. Pure.
 *
 * Owns: what each stage's row says. Does not own: how it is shown (cli/).
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { decodeProgress, type ShardProgress } from "./head.ts";
import { type Job, type JobState, newJob, watermarksOf } from "./job.ts";
import type { FailureJson } from "./metrics/failures.ts";
import { type HistogramResult, histogramResult } from "./metrics/histogram.ts";
import { type HotKey, hotKeysResult } from "./metrics/hot-keys.ts";
import {
  addOperations,
  type Operations,
  type OperationsJson,
  operationsResult,
} from "./metrics/operations.ts";
import { type RateResult, rateResult } from "./metrics/rates.ts";
import { type MetricResult, metricResults } from "./metrics/results.ts";
import { mergeWork, type WorkJson } from "./metrics/work.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "./options.ts";
import type { MeshSnapshot } from "./ports.ts";
import { decodeRegister } from "./register.ts";
import { isQuiet } from "./tracker.ts";
import { bundlesInFlight, freshnessOf, type MeshView, stageOf } from "./watermark.ts";

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
  /** Now − output watermark, in ms; undefined before the watermark is known, and at its end. */
  readonly freshnessMs: number | undefined;
  /** Elements in bundles on their way to the stage; about, where an instance has died. */
  readonly elementsInFlight: number;
  /** Elements a second over the last minutes. */
  readonly rate: RateResult;
  /** Runs of user code after one that failed. */
  readonly retries: number;
  /** Commits lost to another instance. */
  readonly conflicts: number;
  /** Time in activations or group commits, in ms. */
  readonly busyMs: number;
  /** Of activations or group commits; undefined before the first is told of. */
  readonly latency: HistogramResult | undefined;
  /** From a message's publish to the commit of what it brought. */
  readonly systemLatency: HistogramResult | undefined;
  /** Keys that take much of their shard's elements, the hottest first; as hashes. */
  readonly hotKeys: readonly (HotKey & { readonly shard: number })[];
  readonly operations: Operations;
  /** The newest causes of failures, the newest last; also those that a retry mended. */
  readonly failures: readonly FailureJson[];
}

/** The whole mesh, now. */
export interface MeshStatus {
  readonly pipeline: string;
  readonly state: JobState | "NOT LAUNCHED";
  readonly stages: readonly StageStatus[];
  /** Processing time of the launch, in ms; undefined before it. */
  readonly launchedAtMs: number | undefined;
  /** What the launch and the tracker cost. */
  readonly trackerOperations: Operations;
  /** What the whole job cost. */
  readonly operations: Operations;
  /** What user code counted. */
  readonly metrics: readonly MetricResult[];
  /** Whether nothing is on its way inside the mesh, and nothing is due. */
  readonly isQuiet: boolean;
}

/** A key below this share of its shard's elements is not worth telling of. */
const HOT_SHARE_MIN = 0.1;

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
  const works = new Map(plan.stages.map(({ id }) => [id, workOf(job, view, id)]));
  const tracker = job.operations ?? [];
  const all = [...works.values()].reduce<OperationsJson>(
    (sum, work) => addOperations(sum, work.operations ?? []),
    tracker,
  );
  return {
    pipeline: plan.pipeline,
    state: snapshot.job === undefined ? "NOT LAUNCHED" : job.state,
    launchedAtMs: snapshot.job === undefined ? undefined : job.launchedAtMs,
    trackerOperations: operationsResult(tracker),
    operations: operationsResult(all),
    metrics: metricResults([
      ...[...heads.values()].map(({ userMetrics }) => userMetrics),
      ...registers.map(({ metrics }) => metrics.user),
      ...Object.values(job.ingest).map(({ user }) => user),
    ]),
    isQuiet: isQuiet({ plan, options }, snapshot, nowMs),
    stages: plan.stages.map(({ id, kind }) => {
      const [inputWatermark, outputWatermark] = watermarksOf(job, id);
      const counts = kind === "ingest" ? ingestCounts(job, view, id) : shardCounts(heads, id);
      const { committedAtMs, ...shown } = counts;
      return {
        stage: id,
        kind,
        ...shown,
        bundlesInFlight: inFlight.get(id) ?? 0,
        elementsInFlight: elementsInFlight(works, id),
        inputWatermark,
        outputWatermark,
        idleMs: committedAtMs === 0 ? undefined : nowMs - committedAtMs,
        freshnessMs: freshnessOf(outputWatermark, nowMs),
        hotKeys: hotKeysOf(heads, id),
        ...workResult(works.get(id) ?? {}, nowMs, job.launchedAtMs),
      };
    }),
  };
}

/** What all shards, or all group commits, of a stage tell. */
function workOf(job: Job, { heads, registers }: MeshView, stage: string): WorkJson {
  const parts: (WorkJson | undefined)[] = [job.ingest[stage]?.work];
  for (const register of registers) {
    if (register.stage === stage) parts.push(register.metrics.work);
  }
  for (const [key, head] of heads) if (stageOf(key) === stage) parts.push(head.work);
  return parts.reduce<WorkJson>((sum, part) => mergeWork(sum, part), {});
}

function workResult(
  work: WorkJson,
  nowMs: number,
  sinceMs: number,
): Pick<
  StageStatus,
  | "rate"
  | "retries"
  | "conflicts"
  | "busyMs"
  | "latency"
  | "systemLatency"
  | "operations"
  | "failures"
> {
  return {
    rate: rateResult(work.rate ?? [], nowMs, sinceMs),
    retries: work.retries ?? 0,
    conflicts: work.conflicts ?? 0,
    busyMs: work.busyMs ?? 0,
    latency: histogramResult(work.latency ?? []),
    systemLatency: histogramResult(work.systemLatency ?? []),
    operations: operationsResult(work.operations ?? []),
    failures: work.failures ?? [],
  };
}

/** What all stages sent to a stage, less what it took. */
function elementsInFlight(works: ReadonlyMap<string, WorkJson>, stage: string): number {
  let sent = 0;
  for (const work of works.values()) sent += work.sent?.[stage] ?? 0;
  return Math.max(0, sent - (works.get(stage)?.taken ?? 0));
}

function hotKeysOf(
  heads: ReadonlyMap<string, ShardProgress>,
  stage: string,
): StageStatus["hotKeys"] {
  const keys = [...heads].flatMap(([key, head]) => {
    if (stageOf(key) !== stage) return [];
    const shard = Number(key.slice(key.lastIndexOf("/") + 1));
    return hotKeysResult(head.hotKeys ?? [], HOT_SHARE_MIN).map((hot) => ({ ...hot, shard }));
  });
  return keys.sort((x, y) => y.share - x.share);
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
  counts.activations = operationsResult(workOf(job, view, stage).operations ?? []).activations;
  // Before the first message the source's time is that of the launch, which is no activity.
  if (counts.elementsIn > 0) counts.committedAtMs = job.sources[stage]?.lastAtMs ?? 0;
  return counts;
}

function shardCounts(heads: ReadonlyMap<string, ShardProgress>, stage: string): Counts {
  const counts = noCounts();
  for (const [key, { metrics, hold, committedAtMs }] of heads) {
    if (stageOf(key) !== stage) continue;
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
