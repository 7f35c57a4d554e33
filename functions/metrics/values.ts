/**
 * Metric values: what is kept of user code's metrics, and how two of them become one. Pure.
 *
 * Owns: the form in heads, registers and the job. Does not own: which try a value is of
 * (chain-metrics.ts), or how it is shown (results.ts).
 *
 * MV1. Merging is associative, and commutative but for gauges of one moment, of which the later
 *      merged wins. Whatever the order of commits, the sums are the same.
 * MV2. What is stored has a bound: beyond it, metrics that are there go on counting, and no new
 *      metric and no new text is added.
 */
import { METRICS_CHARS_MAX } from "../options.ts";

/** `[sum, count, min, max]`. */
export type DistributionJson = readonly [sum: number, count: number, min: number, max: number];

/** `[value, processing time in ms]`. */
export type GaugeJson = readonly [value: number, atMs: number];

/** A counter's sum, a distribution, a gauge or a set of texts, as the first letter of its key says. */
export type MetricJson = number | DistributionJson | GaugeJson | readonly string[];

/** By key: the kind's letter, `:`, namespace, `/`, name. */
export type StepMetricsJson = Readonly<Record<string, MetricJson>>;

/** By the name of the transform. */
export type MetricsJson = Readonly<Record<string, StepMetricsJson>>;

/** What user code counted. */
export interface UserMetrics {
  /** In tries whose effects are committed. */
  readonly committed: MetricsJson;
  /** In tries that failed. */
  readonly failed: MetricsJson;
}

/** Returns a metric with one more value. */
export function foldValue(
  key: string,
  before: MetricJson | undefined,
  value: number | string,
  nowMs: number,
): MetricJson {
  return before === undefined
    ? firstValue(key, value, nowMs)
    : mergeValue(key, before, firstValue(key, value, nowMs));
}

function firstValue(key: string, value: number | string, nowMs: number): MetricJson {
  if (typeof value === "string") return [value];
  if (key.startsWith("d:")) return [value, 1, value, value];
  return key.startsWith("g:") ? [value, nowMs] : value;
}

/** Both values are of the kind that the key says. */
function mergeValue(key: string, a: MetricJson, b: MetricJson): MetricJson {
  if (typeof a === "number") return a + (b as number);
  if (key.startsWith("d:")) return mergeDistributions(a as DistributionJson, b as DistributionJson);
  if (key.startsWith("g:")) return (b as GaugeJson)[1] >= (a as GaugeJson)[1] ? b : a;
  return [...new Set([...(a as readonly string[]), ...(b as readonly string[])])];
}

function mergeDistributions(a: DistributionJson, b: DistributionJson): DistributionJson {
  return [a[0] + b[0], a[1] + b[1], Math.min(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Returns what is to be stored where something more was counted (MV2). */
export function storedMetrics(
  before: UserMetrics | undefined,
  added: UserMetrics | undefined,
): UserMetrics | undefined {
  return added === undefined ? before : mergeUserMetrics(before, added, METRICS_CHARS_MAX);
}

/** Returns what was counted in both. */
export function mergeUserMetrics(
  a: UserMetrics | undefined,
  b: UserMetrics | undefined,
  charsMax: number = Number.POSITIVE_INFINITY,
): UserMetrics {
  return {
    committed: mergeMetrics(a?.committed ?? {}, b?.committed ?? {}, charsMax),
    failed: mergeMetrics(a?.failed ?? {}, b?.failed ?? {}, charsMax),
  };
}

/** Returns the metrics of both, of which the text takes at most about `charsMax`. */
export function mergeMetrics(
  before: MetricsJson,
  added: MetricsJson,
  charsMax: number = Number.POSITIVE_INFINITY,
): MetricsJson {
  const room = { chars: charsMax - JSON.stringify(before).length };
  const steps = new Map(Object.entries(before));
  for (const [step, metrics] of Object.entries(added)) {
    steps.set(step, mergeStep(steps.get(step) ?? {}, metrics, room));
  }
  return Object.fromEntries(steps);
}

interface Room {
  chars: number;
}

/** About what a number takes, with brackets, quotes and commas around it. */
const NUMBERS_CHARS = 60;

function mergeStep(before: StepMetricsJson, added: StepMetricsJson, room: Room): StepMetricsJson {
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(added)) {
    const known = merged.get(key);
    if (known === undefined && !takeRoom(room, key.length + NUMBERS_CHARS)) continue;
    const fitting = key.startsWith("s:") ? textsThatFit(known, value, room) : value;
    merged.set(key, known === undefined ? fitting : mergeValue(key, known, fitting));
  }
  return Object.fromEntries(merged);
}

function textsThatFit(known: MetricJson | undefined, added: MetricJson, room: Room): string[] {
  const before = new Set(known as readonly string[] | undefined);
  return (added as readonly string[]).filter(
    (text) => !before.has(text) && takeRoom(room, JSON.stringify(text).length + 1),
  );
}

function takeRoom(room: Room, chars: number): boolean {
  if (chars > room.chars) return false;
  room.chars -= chars;
  return true;
}
