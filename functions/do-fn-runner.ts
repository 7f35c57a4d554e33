/**
 * DoFn runner: the elements of one DoFn on one instance.
 *
 * Owns: the context, and asynchronous elements. Does not own: what is called before and after them
 * (do-fn-life.ts), what happens when one throws (guarded-run.ts).
 *
 * D2. An output is never older than its input.
 * D3. A synchronous element costs no promise and no allocation: one context serves them all.
 */
import { metricsHook } from "../sdk/metrics/hook.ts";
import type { ParDoNode } from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { NO_FIRING } from "../sdk/model/pane.ts";
import {
  MIN_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "../sdk/model/time.ts";
import { GLOBAL_WINDOW, type Window } from "../sdk/model/window.ts";
import type { BundleFinalizer } from "../sdk/transforms/bundle-finalizer.ts";
import type { DoFn, ProcessContext } from "../sdk/transforms/do-fn.ts";
import { type DoFnHost, DoFnLife, type PendingElement } from "./do-fn-life.ts";
import { type DoFnOutputs, noSideInputs, unknownTag } from "./do-fn-outputs.ts";
import { passOn, type StepMetrics } from "./metrics/chain-metrics.ts";
import type { Receive, SourceId } from "./shuffle.ts";
import { placeOf, timestampError, userError } from "./user-errors.ts";

type AnyDoFn = DoFn<unknown, unknown, Record<string, unknown>, Record<string, unknown>>;

type OutputOptions = { readonly timestamp?: TimestampLike };

class Context implements ProcessContext<unknown, Record<string, unknown>, Record<string, unknown>> {
  timestamp: Timestamp = MIN_TIMESTAMP;
  window: Window = GLOBAL_WINDOW;
  pane: PaneInfo = NO_FIRING;
  source: SourceId | undefined;
  epoch = 0;
  readonly #node: ParDoNode;
  readonly #host: DoFnHost;
  readonly #outputs: DoFnOutputs;
  readonly bundleFinalizer: BundleFinalizer;

  constructor(node: ParDoNode, host: DoFnHost, outputs: DoFnOutputs) {
    this.#node = node;
    this.#host = host;
    this.#outputs = outputs;
    this.bundleFinalizer = {
      afterBundleCommit: (callback) => {
        if (this.epoch === host.epoch) host.finalizers.afterBundleCommit(callback);
      },
    };
  }

  // Functions of their own, so that a DoFn may take them apart: process(x, { output }).
  readonly output = (value: unknown, options?: OutputOptions): void => {
    this.#emit(this.#outputs.main, value, options);
  };

  readonly outputTo = (tag: string, value: unknown, options?: OutputOptions): void => {
    const next = this.#outputs.tagged.get(tag);
    if (next === undefined) throw unknownTag(this.#node, tag);
    this.#emit(next, value, options);
  };

  readonly sideInput = (name: string): unknown => {
    const { sides } = this.#host;
    if (sides === undefined) throw noSideInputs(this.#node, name);
    return sides.read(name, this.window, placeOf(this.#node));
  };

  #emit(next: Receive, value: unknown, options: OutputOptions | undefined): void {
    if (this.epoch !== this.#host.epoch) return; // Of a bundle that was given up (X3).
    let { timestamp } = this;
    if (options?.timestamp !== undefined) {
      timestamp = toTimestamp(options.timestamp);
      if (timestamp < this.timestamp) throw timestampError(this.#node, timestamp, this.timestamp);
    }
    this.#host.source = this.source;
    passOn(next, value, timestamp, this.window, this.pane);
  }
}

function processWith(fn: AnyDoFn, value: unknown, context: Context): void | Promise<void> {
  return fn.process(value, context);
}

/** Runs one DoFn. */
export class DoFnRunner {
  readonly node: ParDoNode;
  readonly life: DoFnLife;
  readonly #host: DoFnHost;
  readonly #outputs: DoFnOutputs;
  readonly #step: StepMetrics;
  #context: Context;
  readonly #isAsync: boolean;

  constructor(node: ParDoNode, host: DoFnHost, outputs: DoFnOutputs) {
    this.node = node;
    this.life = new DoFnLife(node, host, outputs.main);
    this.#host = host;
    this.#outputs = outputs;
    this.#step = host.metrics.step(node.name);
    this.#context = new Context(node, host, outputs);
    this.#isAsync = node.fn.process.constructor.name === "AsyncFunction";
  }

  readonly receive: Receive = (value, timestamp, window, pane) => {
    const context = this.#context;
    context.timestamp = timestamp;
    context.window = window;
    context.pane = pane;
    context.source = this.#host.source;
    context.epoch = this.#host.epoch;
    try {
      const running = this.#process(value, context);
      if (running === undefined || typeof running.then !== "function") return;
      // The element keeps this context for itself; the next one gets a new one.
      this.#context = new Context(this.node, this.#host, this.#outputs);
      const element: PendingElement = { node: this.node, promise: running, isOver: false };
      element.promise = this.#guard(running, element);
      element.promise.catch(() => {}); // Told when the bundle ends; until then nobody awaits it.
      this.#host.pending.push(element);
    } catch (cause) {
      throw userError(this.node, cause);
    }
  };

  /** The node's DoFn has forgotten which tags and side inputs it declared. */
  #process(value: unknown, context: Context): void | Promise<void> {
    const fn = this.node.fn as AnyDoFn;
    // Whether a plain function returns a promise is known only when it does.
    const isAsync = this.#isAsync || metricsHook.isUsed;
    if (isAsync) return this.#step.run(processWith, fn, value, context);
    this.#step.enter();
    return fn.process(value, context);
  }

  async #guard(running: Promise<void>, element: PendingElement): Promise<void> {
    try {
      await running;
    } catch (cause) {
      throw userError(this.node, cause);
    } finally {
      element.isOver = true;
    }
  }
}
