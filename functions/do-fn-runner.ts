/**
 * DoFn runner: the life cycle of one DoFn on one instance.
 *
 * Owns: the order of setup, startBundle, process and finishBundle, the context, and asynchronous
 * elements. Does not own: what happens when one throws (guarded-run.ts).
 *
 * D1. setup has ended before the first startBundle, startBundle before the first process, every
 *     process before finishBundle.
 * D2. An output is never older than its input.
 * D3. A synchronous element costs no promise and no allocation: one context serves them all.
 */
import { MeshError } from "../sdk/model/errors.ts";
import type { ParDoNode } from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { NO_FIRING } from "../sdk/model/pane.ts";
import { MIN_TIMESTAMP, type Timestamp, toTimestamp } from "../sdk/model/time.ts";
import { GLOBAL_WINDOW, type Window } from "../sdk/model/window.ts";
import type { ProcessContext } from "../sdk/transforms/do-fn.ts";
import type { Receive, SourceId } from "./shuffle.ts";
import { timestampError, userError } from "./user-errors.ts";

/** What a DoFn runner asks of the chain around it. */
export interface DoFnHost {
  /** Source of the element at hand; asynchronous elements put theirs back before they emit. */
  source: SourceId | undefined;
  /** Adds an element that is still running. */
  readonly pending: Promise<void>[];
}

class Context implements ProcessContext<unknown> {
  timestamp: Timestamp = MIN_TIMESTAMP;
  window: Window = GLOBAL_WINDOW;
  pane: PaneInfo = NO_FIRING;
  source: SourceId | undefined;
  readonly #node: ParDoNode;
  readonly #host: DoFnHost;
  readonly #next: Receive;

  constructor(node: ParDoNode, host: DoFnHost, next: Receive) {
    this.#node = node;
    this.#host = host;
    this.#next = next;
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
  readonly #host: DoFnHost;
  readonly #next: Receive;
  #context: Context;
  #isSetUp = false;

  constructor(node: ParDoNode, host: DoFnHost, next: Receive) {
    this.node = node;
    this.#host = host;
    this.#next = next;
    this.#context = new Context(node, host, next);
  }

  async startBundle(): Promise<void> {
    const { fn } = this.node;
    try {
      if (!this.#isSetUp) await fn.setup?.();
      this.#isSetUp = true;
      await fn.startBundle?.();
    } catch (cause) {
      // No element is to blame, so none may become a dead letter: the delivery comes again.
      const { message } = userError(this.node, cause);
      throw new MeshError("ERR_UNAVAILABLE", `${message} (before any element)`, { cause });
    }
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

  async finishBundle(): Promise<void> {
    const next = this.#next;
    this.#host.source = undefined;
    try {
      await this.node.fn.finishBundle?.({
        output: (value, { timestamp, window }) =>
          next(value, toTimestamp(timestamp), window, NO_FIRING),
      });
    } catch (cause) {
      throw userError(this.node, cause);
    }
  }

  async teardown(): Promise<void> {
    if (this.#isSetUp) await this.node.fn.teardown?.();
  }

  async #guard(running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (cause) {
      throw userError(this.node, cause);
    }
  }
}
