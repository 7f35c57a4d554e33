/**
 * Chain metrics: what user code counts in one chain, until it is committed or has failed.
 *
 * Owns: which step is running, and what belongs to which try. Does not own: storing it (head.ts,
 * register.ts), or the values (values.ts).
 *
 * CM1. What is counted belongs to one try. It becomes committed with the try's effects, in the same
 *      commit; otherwise it was of a try that failed.
 * CM2. Synchronous user code costs one assignment: `enter`. Nothing is allocated before a metric is
 *      really updated.
 * CM3. Asynchronous user code keeps its step over every `await`, beside others of its bundle and of
 *      other shards.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type MetricStep, metricsHook } from "../../sdk/metrics/hook.ts";
import type { PaneInfo } from "../../sdk/model/pane.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import type { Window } from "../../sdk/model/window.ts";
import type { Receive } from "../shuffle.ts";
import {
  foldValue,
  type MetricJson,
  type MetricsJson,
  mergeMetrics,
  type UserMetrics,
} from "./values.ts";

const storage = new AsyncLocalStorage<MetricStep>();
const continuedBefore = metricsHook.continued;
metricsHook.continued = () => storage.getStore() ?? continuedBefore?.();

/** Notes that user code has ended: what is called from now on is no step's. */
export function leaveStep(): void {
  metricsHook.current = undefined;
}

/** Hands an output on; what user code counts afterwards is its own again. */
export function passOn(
  next: Receive,
  value: unknown,
  timestamp: Timestamp,
  window: Window,
  pane: PaneInfo,
): void {
  const before = metricsHook.current;
  try {
    next(value, timestamp, window, pane);
  } finally {
    metricsHook.current = before;
  }
}

/** The metrics of one transform in one chain. */
export class StepMetrics implements MetricStep {
  readonly #chain: ChainMetrics;
  readonly #step: string;
  #inContext: (<A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => R) | undefined;

  constructor(chain: ChainMetrics, step: string) {
    this.#chain = chain;
    this.#step = step;
  }

  update(key: string, value: number | string): void {
    this.#chain.update(this.#step, key, value);
  }

  /** Notes that this step's synchronous code runs from now on, until another one enters (CM2). */
  enter(): void {
    metricsHook.current = this;
  }

  /** Runs a step's code that may be asynchronous (CM3). */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    this.#inContext ??= storage.run(this, () => AsyncLocalStorage.snapshot());
    const before = metricsHook.current;
    metricsHook.current = undefined;
    try {
      return this.#inContext(fn, ...args);
    } finally {
      metricsHook.current = before;
    }
  }

  /** Runs a step's synchronous code between other code. */
  call<R>(fn: () => R): R {
    const before = metricsHook.current;
    metricsHook.current = this;
    try {
      return fn();
    } finally {
      metricsHook.current = before;
    }
  }
}

/** What user code counts in one chain. */
export class ChainMetrics {
  readonly #steps = new Map<string, StepMetrics>();
  /** Of the run at hand. */
  #counting = new Map<string, Map<string, MetricJson>>();
  /** Of runs of this try that held. */
  #kept: MetricsJson | undefined;
  /** Of tries that failed since the last commit. */
  #failed: MetricsJson | undefined;
  #nowMs = 0;

  /** Returns the metrics of the transform of this name. */
  step(name: string): StepMetrics {
    let step = this.#steps.get(name);
    if (step === undefined) {
      step = new StepMetrics(this, name);
      this.#steps.set(name, step);
    }
    return step;
  }

  update(step: string, key: string, value: number | string): void {
    let metrics = this.#counting.get(step);
    if (metrics === undefined) {
      metrics = new Map();
      this.#counting.set(step, metrics);
    }
    metrics.set(key, foldValue(key, metrics.get(key), value, this.#nowMs));
  }

  /** Begins a try; one before that was not committed has failed. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.discard();
    if (this.#kept === undefined) return;
    this.#failed = mergeMetrics(this.#failed ?? {}, this.#kept);
    this.#kept = undefined;
  }

  /** Keeps what was counted since the last call: it belongs to the try's effects. */
  keep(): void {
    const counted = this.#take();
    if (counted !== undefined) this.#kept = mergeMetrics(this.#kept ?? {}, counted);
  }

  /** What was counted since the last call is of a run that failed. */
  discard(): void {
    const counted = this.#take();
    if (counted !== undefined) this.#failed = mergeMetrics(this.#failed ?? {}, counted);
  }

  /** What the commit of this try must add; undefined: nothing. */
  get uncommitted(): UserMetrics | undefined {
    if (this.#kept === undefined && this.#failed === undefined) return undefined;
    return { committed: this.#kept ?? {}, failed: this.#failed ?? {} };
  }

  /** Notes that `uncommitted` is committed. */
  committed(): void {
    this.#kept = undefined;
    this.#failed = undefined;
  }

  #take(): MetricsJson | undefined {
    if (this.#counting.size === 0) return undefined;
    const steps = [...this.#counting].map(([step, metrics]) => [step, Object.fromEntries(metrics)]);
    this.#counting = new Map();
    return Object.fromEntries(steps) as MetricsJson;
  }
}
