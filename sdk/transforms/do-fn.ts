/**
 * DoFn: the user's code for one element, with a life cycle around it.
 *
 * Order of calls: setup, then for each bundle startBundle, process for each element,
 * finishBundle; teardown when the instance ends (best effort). A bundle that fails is run again
 * whole, so process may see an element more than once; what it outputs counts once.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#pardo
 */
import type { PaneInfo } from "../model/pane.ts";
import type { Timestamp, TimestampLike } from "../model/time.ts";
import type { Window } from "../model/window.ts";

/** What a DoFn knows of the element at hand. */
export interface ProcessContext<O> {
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
  /**
   * Emits an element, with the input's timestamp unless another is given.
   *
   * @throws ERR_TIMESTAMP if `timestamp` lies before the input's own
   */
  output(value: O, options?: { readonly timestamp?: TimestampLike }): void;
}

/** What a DoFn may do when a bundle ends: emit, saying when and into which window. */
export interface FinishBundleContext<O> {
  output(value: O, at: { readonly timestamp: TimestampLike; readonly window: Window }): void;
}

/** The user's code for one element. */
export interface DoFn<I, O> {
  setup?(): void | Promise<void>;
  startBundle?(): void | Promise<void>;
  process(element: I, context: ProcessContext<O>): void | Promise<void>;
  finishBundle?(context: FinishBundleContext<O>): void | Promise<void>;
  teardown?(): void | Promise<void>;
}
