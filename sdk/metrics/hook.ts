/**
 * Metrics hook: where user code's metrics find the step that is running, if any.
 *
 * Owns: the one place between metrics (metrics.ts) and the engine, which sets it around user code
 * (functions/metrics). It is one for all copies of the SDK in a process.
 *
 * HK1. While synchronous user code runs, `current` is its step; otherwise it is undefined, so that
 *      what goes on later, after an `await`, is asked of `continued`.
 */

/** Takes what the user code of one transform counts. */
export interface MetricStep {
  /** @param key - of the metric: its kind's letter, `:`, namespace, `/`, name */
  update(key: string, value: number | string): void;
}

/** What the engine sets and metrics read. */
export interface MetricsHook {
  current: MetricStep | undefined;
  /** The step of asynchronous user code that goes on; set where an engine is loaded. */
  continued: (() => MetricStep | undefined) | undefined;
  /** Whether any metric was made: without one, nobody looks for the step of asynchronous code. */
  isUsed: boolean;
}

const place = Symbol.for("tidemark.metrics");

/** The hook of this process. */
export const metricsHook: MetricsHook = hookOf(globalThis as { [place]?: MetricsHook });

function hookOf(owner: { [place]?: MetricsHook }): MetricsHook {
  owner[place] ??= { current: undefined, continued: undefined, isUsed: false };
  return owner[place];
}
