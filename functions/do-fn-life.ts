/**
 * DoFn life: what is called of a DoFn before and after the elements of a bundle.
 *
 * Owns: the order of setup, startBundle, finishBundle and teardown. Does not own: the elements
 * (do-fn-runner.ts, stateful/), or what happens when one throws (guarded-run.ts).
 *
 * D1. setup has ended before the first startBundle, startBundle before the first process, every
 *     process before finishBundle.
 */
import type { ParDoNode, StatefulParDoNode } from "../sdk/model/graph.ts";
import { NO_FIRING } from "../sdk/model/pane.ts";
import { toTimestamp } from "../sdk/model/time.ts";
import type { DoFn, FinishBundleContext } from "../sdk/transforms/do-fn.ts";
import type { Finalizers } from "./finalizers.ts";
import { type ChainMetrics, passOn, type StepMetrics } from "./metrics/chain-metrics.ts";
import { settled } from "./settled.ts";
import type { Receive, SourceId } from "./shuffle.ts";
import type { SideViews } from "./sides/side-views.ts";
import { bundleError, placeOf, userError } from "./user-errors.ts";

/** An element whose code is still running. */
export interface PendingElement {
  readonly node: ParDoNode;
  promise: Promise<void>;
  isOver: boolean;
}

/** What a DoFn asks of the chain around it. */
export interface DoFnHost {
  /** Source of the element at hand; asynchronous elements put theirs back before they emit. */
  source: SourceId | undefined;
  /** What the stage has of its side inputs; undefined if it has none. */
  readonly sides: SideViews | undefined;
  /** Adds an element that is still running. */
  readonly pending: PendingElement[];
  /** Counts the bundles that were given up while an element still ran (X3). */
  readonly epoch: number;
  /** User code that is waited for so long has failed, in ms. */
  readonly userCodeMsMax: number;
  readonly finalizers: Finalizers;
  /** What user code counts. */
  readonly metrics: ChainMetrics;
}

/** The life cycle of one DoFn on one instance. */
export class DoFnLife {
  readonly #node: ParDoNode | StatefulParDoNode;
  readonly #fn: Omit<DoFn<unknown, unknown>, "process">;
  readonly #host: DoFnHost;
  readonly #next: Receive;
  readonly #step: StepMetrics;
  #isSetUp = false;

  constructor(node: ParDoNode | StatefulParDoNode, host: DoFnHost, next: Receive) {
    this.#node = node;
    this.#fn = node.kind === "parDo" ? node.fn : node.fn.code;
    this.#host = host;
    this.#next = next;
    this.#step = host.metrics.step(node.name);
  }

  async startBundle(): Promise<void> {
    try {
      if (!this.#isSetUp) await this.#settled(this.#step.run(() => this.#fn.setup?.()));
      this.#isSetUp = true;
      await this.#settled(this.#step.run(() => this.#fn.startBundle?.()));
    } catch (cause) {
      // No element is to blame, so none may become a dead letter: the delivery comes again.
      throw bundleError(this.#node, cause);
    }
  }

  async finishBundle(): Promise<void> {
    const next = this.#next;
    this.#host.source = undefined;
    let isOver = false;
    try {
      const context: FinishBundleContext<unknown> = {
        output: (value, { timestamp, window }) => {
          if (!isOver) passOn(next, value, toTimestamp(timestamp), window, NO_FIRING);
        },
      };
      await this.#settled(this.#step.run(() => this.#fn.finishBundle?.(context)));
    } catch (cause) {
      throw userError(this.#node, cause);
    } finally {
      isOver = true;
    }
  }

  #settled(running: unknown): Promise<unknown> {
    return settled(running, this.#host.userCodeMsMax, () => placeOf(this.#node));
  }

  async teardown(): Promise<void> {
    if (this.#isSetUp) await this.#step.run(() => this.#fn.teardown?.());
  }
}
