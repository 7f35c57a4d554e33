/**
 * Finalizers: callbacks for after the commit, gathered while a bundle runs.
 *
 * Owns: keeping and calling them. Does not own: when a bundle is durable (activation.ts, ingest.ts).
 *
 * FZ1. Of a bundle that failed none is called.
 */
import type { AfterCommit, BundleFinalizer } from "../sdk/transforms/bundle-finalizer.ts";
import type { Log } from "./ports.ts";
import { settled } from "./settled.ts";

/** Gathers the callbacks of a bundle. */
export class Finalizers implements BundleFinalizer {
  #callbacks: AfterCommit[] = [];

  readonly afterBundleCommit = (callback: AfterCommit): void => {
    this.#callbacks.push(callback);
  };

  /** Returns what was gathered, and begins anew. */
  take(): readonly AfterCommit[] {
    if (this.#callbacks.length === 0) return NONE;
    const taken = this.#callbacks;
    this.#callbacks = [];
    return taken;
  }
}

const NONE: readonly AfterCommit[] = Object.freeze([]);

/** Calls callbacks one after the other; what they throw is logged, for the effects are durable. */
export async function callFinalizers(
  callbacks: readonly AfterCommit[],
  log: Log,
  msMax: number,
): Promise<void> {
  for (const callback of callbacks) {
    try {
      await settled(callback(), msMax, () => "A callback after a commit");
    } catch (error) {
      log("WARNING", "A callback after a commit failed.", { error });
    }
  }
}
