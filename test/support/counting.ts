/**
 * What the tests of metrics in user code share: a counter, and a run's metrics in short.
 */
import type { RunResult } from "../../emulators/testing/index.ts";
import type { MetricFilter, MetricResult } from "../../functions/metrics/results.ts";
import { metrics, type Root } from "../../sdk/index.ts";

/** What user code counts by. */
export const calls = metrics.counter("test", "calls");
/** The numbers from 1. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
/** Counts a call, and passes the value on. */
export const counting = <T>(value: T): T => {
  calls.add();
  return value;
};

/** `step: committed` of each metric; `of attempted` where that is more. */
export function table(run: RunResult, filter: MetricFilter = {}): Record<string, unknown> {
  return Object.fromEntries(run.metrics.query(filter).map((m) => [m.step, shown(m)]));
}

function shown({ committed, attempted }: MetricResult): unknown {
  return committed === attempted ? committed : `${committed ?? 0} of ${attempted}`;
}

/** A PCollection of numbers. */
export const seen = (p: Root, count = 10) => p.create(numbers(count), { name: "numbers" });
