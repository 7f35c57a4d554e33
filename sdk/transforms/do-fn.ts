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
import type { BundleFinalizer } from "./bundle-finalizer.ts";

declare const needs: unique symbol;

/** No tags, or no side inputs. */
export type None = Readonly<Record<never, never>>;

/**
 * What a DoFn knows of the element at hand. `Tags` and `Sides` say what its tagged outputs and its
 * side inputs carry, by name.
 */
export interface ProcessContext<O, Tags = None, Sides = None> {
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
  readonly bundleFinalizer: BundleFinalizer;
  /**
   * Emits an element, with the input's timestamp unless another is given.
   *
   * @throws ERR_TIMESTAMP if `timestamp` lies before the input's own
   */
  output(value: O, options?: { readonly timestamp?: TimestampLike }): void;
  /** Emits an element to one of the tagged outputs; otherwise like `output`. */
  outputTo<K extends keyof Tags & string>(
    tag: K,
    value: Tags[K],
    options?: { readonly timestamp?: TimestampLike },
  ): void;
  /**
   * Returns what a side input holds for the element's window.
   *
   * @throws ERR_USER_CODE if a singleton has no element and no default, or more than one; if a map
   *   has two values for one key
   * @throws ERR_ELEMENT_TOO_BIG if the side input of this window is larger than a shard keeps
   */
  sideInput<K extends keyof Sides & string>(name: K): Sides[K];
}

/** What a DoFn may do when a bundle ends: emit, saying when and into which window. */
export interface FinishBundleContext<O> {
  /** Emits an element at a time and into a window, for no element at hand gives them. */
  output(value: O, at: { readonly timestamp: TimestampLike; readonly window: Window }): void;
}

/** The user's code for one element. */
export interface DoFn<I, O, Tags = None, Sides = None> {
  /** Called once on each instance, before its first bundle. What it throws has the bundle retried. */
  setup?(): void | Promise<void>;
  /** Called before each bundle. What it throws has the bundle retried. */
  startBundle?(): void | Promise<void>;
  /** Called for each element; may be asynchronous, and then runs beside others of the bundle. */
  process(element: I, context: ProcessContext<O, Tags, Sides>): void | Promise<void>;
  /**
   * Called after each bundle, when all its elements have ended. Not before the first shuffle of an
   * unbounded source (ERR_UNSUPPORTED).
   */
  finishBundle?(context: FinishBundleContext<O>): void | Promise<void>;
  /** Called when an instance ends (best effort). */
  teardown?(): void | Promise<void>;
  /** Exists in types only: what the DoFn uses must be declared where it is applied. */
  readonly [needs]?: (declared: { readonly tags: Tags; readonly sides: Sides }) => void;
}
