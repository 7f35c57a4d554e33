/**
 * DoFn runner: the elements of one DoFn on one instance.
 *
 * Owns: the context, and asynchronous elements. Does not own: what is called before and after them
 * (do-fn-life.ts), what happens when one throws (guarded-run.ts).
 *
 * D2. An output is never older than its input.
 * D3. A synchronous element costs no promise and no allocation: one context serves them all.
 */
import type { ParDoNode } from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { NO_FIRING } from "../sdk/model/pane.ts";
import { MIN_TIMESTAMP, type Timestamp, toTimestamp } from "../sdk/model/time.ts";
import { GLOBAL_WINDOW, type Window } from "../sdk/model/window.ts";
import type { BundleFinalizer } from "../sdk/transforms/bundle-finalizer.ts";
import type { ProcessContext } from "../sdk/transforms/do-fn.ts";
import { type DoFnHost, DoFnLife } from "./do-fn-life.ts";
import type { Receive, SourceId } from "./shuffle.ts";
import { timestampError, userError } from "./user-errors.ts";

class Context implements ProcessContext<unknown> {
  timestamp: Timestamp = MIN_TIMESTAMP;
  window: Window = GLOBAL_WINDOW;
  pane: PaneInfo = NO_FIRING;
  source: SourceId | undefined;
  readonly #node: ParDoNode;
  readonly #host: DoFnHost;
  readonly #next: Receive;
  readonly bundleFinalizer: BundleFinalizer;

  constructor(node: ParDoNode, host: DoFnHost, next: Receive) {
    this.#node = node;
    this.#host = host;
    this.#next = next;
    this.bundleFinalizer = host.finalizers;
  }

  output(value: unknown, options?: { readonly timestamp?: Timestamp | number | Date }): void {
    let { timestamp } = this;
    if (options?.timestamp !== undefined) {
      timestamp = toTimestamp(options.timestamp);
      if (timestamp < this.timestamp) throw timestampError(this.#node, timestamp, this.timestamp);
    }
    this.#host.source = this.source;
    this.#next(value, timestamp, this.window, this.pane);
  }
}

/** Runs one DoFn. */
export class DoFnRunner {
  readonly node: ParDoNode;
  readonly life: DoFnLife;
  readonly #host: DoFnHost;
  readonly #next: Receive;
  #context: Context;

  constructor(node: ParDoNode, host: DoFnHost, next: Receive) {
    this.node = node;
    this.life = new DoFnLife(node, host, next);
    this.#host = host;
    this.#next = next;
    this.#context = new Context(node, host, next);
  }

  readonly receive: Receive = (value, timestamp, window, pane) => {
    const context = this.#context;
    context.timestamp = timestamp;
    context.window = window;
    context.pane = pane;
    context.source = this.#host.source;
    try {
      const running = this.node.fn.process(value, context);
      if (running === undefined || typeof running.then !== "function") return;
      // The element keeps this context for itself; the next one gets a new one.
      this.#context = new Context(this.node, this.#host, this.#next);
      const guarded = this.#guard(running);
      guarded.catch(() => {}); // Told when the bundle ends; until then nobody awaits it.
      this.#host.pending.push(guarded);
    } catch (cause) {
      throw userError(this.node, cause);
    }
  };

  async #guard(running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (cause) {
      throw userError(this.node, cause);
    }
  }
}
