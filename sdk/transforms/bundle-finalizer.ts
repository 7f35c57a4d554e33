/**
 * Bundle finalizer: what a DoFn wants done once its bundle's effects are durable.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#bundle-finalization
 */

/** What is called after the commit. */
export type AfterCommit = () => void | Promise<void>;

/** Takes callbacks for after the commit. */
export interface BundleFinalizer {
  /**
   * Calls `callback` once after the effects of the bundle are durable: best effort, for an instance
   * may end in between. What it throws is logged. A bundle that is run again forgets its callbacks.
   */
  afterBundleCommit(callback: AfterCommit): void;
}
