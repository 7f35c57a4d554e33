/**
 * Metric results: the metrics of a whole job as people read them.
 *
 * Owns: adding up what shards, registers and the job hold, and queries. Pure.
 */
import { METRIC_LETTERS, type MetricKind } from "../../sdk/metrics/metrics.ts";
import {
  type DistributionJson,
  type GaugeJson,
  type MetricJson,
  mergeMetrics,
  mergeUserMetrics,
  type UserMetrics,
} from "./values.ts";

/** What a distribution holds. */
export interface DistributionResult {
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

/** What a gauge holds. */
export interface GaugeResult {
  readonly value: number;
  /** Processing time at which the bundle ran that set it, in ms. */
  readonly atMs: number;
}

interface Named<K extends MetricKind, V> {
  readonly kind: K;
  /** Name of the transform whose code counted. */
  readonly step: string;
  readonly namespace: string;
  readonly name: string;
  /** In all tries that are known of. */
  readonly attempted: V;
  /** In tries whose effects are committed; undefined: in none. */
  readonly committed: V | undefined;
}

/** One metric of one transform. */
export type MetricResult =
  | Named<"counter", number>
  | Named<"distribution", DistributionResult>
  | Named<"gauge", GaugeResult>
  | Named<"stringSet", readonly string[]>;

/** Which metrics are wanted: those of which all that is given is so. */
export type MetricFilter = Partial<Pick<MetricResult, "namespace" | "name" | "step" | "kind">>;

/** Returns the metrics of a job, sorted by step, namespace and name. */
export function metricResults(parts: readonly (UserMetrics | undefined)[]): MetricResult[] {
  const none: UserMetrics = { committed: {}, failed: {} };
  const all = parts.reduce<UserMetrics>((sum, part) => mergeUserMetrics(sum, part), none);
  const attempted = mergeMetrics(all.failed, all.committed);
  const results = Object.entries(attempted).flatMap(([step, metrics]) =>
    Object.entries(metrics).map(([key, value]) =>
      resultOf(step, key, value, all.committed[step]?.[key]),
    ),
  );
  const order = ({ step, namespace, name }: MetricResult): string =>
    JSON.stringify([step, namespace, name]);
  return results.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Returns the metrics that a filter lets through. */
export function queryMetrics(all: readonly MetricResult[], filter: MetricFilter): MetricResult[] {
  const wanted = Object.entries(filter).filter(([, value]) => value !== undefined);
  return all.filter((metric) =>
    wanted.every(([field, value]) => metric[field as keyof MetricFilter] === value),
  );
}

const kinds = new Map(
  Object.entries(METRIC_LETTERS).map(([kind, letter]) => [letter as string, kind as MetricKind]),
);

function resultOf(
  step: string,
  key: string,
  attempted: MetricJson,
  committed: MetricJson | undefined,
): MetricResult {
  const slash = key.indexOf("/");
  const kind = kinds.get(key.slice(0, 1)) ?? "counter";
  const read = readers[kind];
  // The key's letter says of which kind both values are.
  return {
    kind,
    step,
    namespace: key.slice(2, slash),
    name: key.slice(slash + 1),
    attempted: read(attempted),
    committed: committed === undefined ? undefined : read(committed),
  } as MetricResult;
}

const readers: Readonly<Record<MetricKind, (json: MetricJson) => MetricResult["attempted"]>> = {
  counter: (json) => json as number,
  distribution(json) {
    const [sum, count, min, max] = json as DistributionJson;
    return { sum, count, min, max };
  },
  gauge(json) {
    const [value, atMs] = json as GaugeJson;
    return { value, atMs };
  },
  stringSet: (json) => [...(json as readonly string[])].sort(),
};
