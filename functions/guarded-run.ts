/**
 * Guarded run: a bundle through the chain, with retries, and bisection to the elements that fail.
 *
 * Owns: how often a failing bundle is run again and how the failing elements are found. Does not
 * own: where they go (dead-letter.ts).
 * Place on the data's way: around chain.ts, inside activation.ts and ingest.ts.
 *
 * U1. The outputs are those of one run over all elements but the dead ones: nothing of a failed
 *     run gets out.
 * U2. Only failures whose disposition is `dead-letter` set an element aside; others are thrown.
 */
import { isMeshError, type MeshError } from "../sdk/model/errors.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import type { EngineOptions } from "./options.ts";
import type { Clock } from "./ports.ts";

/** An element that can't be processed, with the reason. */
export interface DeadItem<T> {
  readonly item: T;
  readonly error: MeshError;
  readonly attempts: number;
}

/** What a guarded run gave. */
export interface GuardedResult<T> {
  readonly outputs: BundleOutputs;
  readonly dead: readonly DeadItem<T>[];
}

/** Runs a bundle through a chain; `feed` puts one item into it. */
export async function guardedRun<T>(
  chain: Chain,
  items: readonly T[],
  feed: (item: T) => void,
  clock: Clock,
  options: EngineOptions,
): Promise<GuardedResult<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { outputs: await runOnce(chain, items, feed), dead: [] };
    } catch (error) {
      await chain.discard();
      if (!isDeadly(error)) throw error;
      // Only the user's own code may succeed the next time.
      if (error.code === "ERR_USER_CODE" && attempt < options.attemptsMax) {
        await clock.sleep(options.retryBackoffMs * 2 ** (attempt - 1));
        continue;
      }
      const dead = await findDead(chain, items, feed, error, attempt);
      if (dead.length === 0) throw error; // Only the bundle as a whole fails: not an element's fault.
      const lost = new Set(dead.map((d) => d.item));
      const rest = await guardedRun(
        chain,
        items.filter((item) => !lost.has(item)),
        feed,
        clock,
        options,
      );
      return { outputs: rest.outputs, dead: [...dead, ...rest.dead] };
    }
  }
}

async function runOnce<T>(
  chain: Chain,
  items: readonly T[],
  feed: (item: T) => void,
): Promise<BundleOutputs> {
  if (chain.hasDoFns) await chain.start();
  for (const item of items) {
    feed(item);
    if (chain.pending.length > 0) await chain.room();
  }
  return chain.finish();
}

/** Bisects a bundle that failed with `error`; returns the items that fail by themselves. */
async function findDead<T>(
  chain: Chain,
  items: readonly T[],
  feed: (item: T) => void,
  error: MeshError,
  attempts: number,
): Promise<DeadItem<T>[]> {
  const [only] = items;
  if (only === undefined) throw error; // The bundle fails without any element: it is not theirs.
  if (items.length === 1) return [{ item: only, error, attempts }];
  const middle = Math.ceil(items.length / 2);
  const dead: DeadItem<T>[] = [];
  for (const half of [items.slice(0, middle), items.slice(middle)]) {
    try {
      await runOnce(chain, half, feed);
      await chain.discard();
    } catch (halfError) {
      await chain.discard();
      if (!isDeadly(halfError)) throw halfError;
      dead.push(...(await findDead(chain, half, feed, halfError, attempts)));
    }
  }
  return dead;
}

function isDeadly(error: unknown): error is MeshError {
  return isMeshError(error) && error.disposition === "dead-letter";
}
