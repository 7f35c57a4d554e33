/**
 * Guarded run: a bundle through the chain, with retries, and a search for the elements that fail.
 *
 * Owns: how often a failing bundle is run again and how the failing elements are found. Does not
 * own: where they go (dead-letter.ts), or what else a run changes (the work's own undo).
 * Place on the data's way: around chain.ts, inside activation.ts and ingest.ts.
 *
 * The search goes through the items once, in steps. What a step changed stays for the next ones,
 * so that each item meets what it met in the bundle; a step that fails is undone and cut in two.
 *
 * U1. The outputs are those of one run over all elements but the dead ones: nothing of a failed
 *     run gets out, and nothing that it changed stays.
 * U2. Only failures whose disposition is `dead-letter` set an element aside; others are thrown.
 */
import { isMeshError, type MeshError } from "../sdk/model/errors.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import type { EngineOptions } from "./options.ts";
import type { Clock } from "./ports.ts";

/** What a guarded run goes through: items, and what they change beside the chain's outputs. */
export interface Work<T> {
  /** Takes the next item; undefined: nothing is left. */
  next(): T | undefined;
  /** Puts an item into the chain; a promise is awaited before the next one. */
  feed(item: T): void | Promise<void>;
  /** Ends a step: writes what its items changed, and throws what can't be written. */
  seal(): void;
  /** Returns a number that names this moment, between two steps. */
  mark(): number;
  /** Goes back to a moment. */
  rollback(mark: number): void;
  /** From now on, `next` leaves this item out. */
  drop(item: T): void;
}

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

/** The work of a list whose items change nothing but the chain. */
export class ListWork<T> implements Work<T> {
  readonly feed: (item: T) => void;
  readonly #items: readonly T[];
  readonly #dropped = new Set<T>();
  #at = 0;

  constructor(items: readonly T[], feed: (item: T) => void) {
    this.#items = items;
    this.feed = feed;
  }

  get isDone(): boolean {
    return this.#items.every((item, i) => i < this.#at || this.#dropped.has(item));
  }

  get only(): T | undefined {
    return this.#items.length === 1 ? this.#items[0] : undefined;
  }

  next(): T | undefined {
    while (this.#at < this.#items.length) {
      const item = this.#items[this.#at++] as T;
      if (!this.#dropped.has(item)) return item;
    }
    return undefined;
  }

  seal(): void {}

  mark(): number {
    return this.#at;
  }

  rollback(mark: number): void {
    this.#at = mark;
  }

  drop(item: T): void {
    this.#dropped.add(item);
  }
}

/** Runs work through a chain. */
export async function guardedRun<T>(
  chain: Chain,
  work: Work<T>,
  clock: Clock,
  options: EngineOptions,
): Promise<GuardedResult<T>> {
  const dead: DeadItem<T>[] = [];
  const start = work.mark();
  for (let attempt = 1; ; attempt++) {
    const step = newStep<T>();
    try {
      return { outputs: await runStep(chain, work, step), dead };
    } catch (error) {
      await undo(chain, work, start);
      if (!isDeadly(error)) throw error;
      chain.failures.note(error, clock.nowMs());
      // Only the user's own code may succeed the next time.
      if (error.code === "ERR_USER_CODE" && attempt < options.attemptsMax) {
        chain.failures.retried();
        await clock.sleep(options.retryBackoffMs * 2 ** (attempt - 1));
        continue;
      }
      const found = await findDead(chain, work, step.count, attempt);
      await undo(chain, work, start);
      if (found.length === 0) throw error; // Only the bundle as a whole fails: not an element's fault.
      dead.push(...found);
      attempt = 0;
    }
  }
}

/** What a step has taken. */
interface Step<T> {
  count: number;
  last: T | undefined;
}

function newStep<T>(): Step<T> {
  return { count: 0, last: undefined };
}

async function runStep<T>(
  chain: Chain,
  work: Work<T>,
  step: Step<T>,
  itemsMax: number = Number.POSITIVE_INFINITY,
): Promise<BundleOutputs> {
  if (chain.hasDoFns) await chain.start();
  while (step.count < itemsMax) {
    const item = work.next();
    if (item === undefined) break;
    step.count++;
    step.last = item;
    const running = work.feed(item);
    if (running !== undefined) await running;
    if (chain.pending.length > 0) await chain.room();
  }
  work.seal();
  return chain.finish();
}

/** Goes through work that failed after `count` items; returns the items that fail by themselves. */
async function findDead<T>(
  chain: Chain,
  work: Work<T>,
  count: number,
  attempts: number,
): Promise<DeadItem<T>[]> {
  const dead: DeadItem<T>[] = [];
  for (let size = Math.max(1, Math.ceil(count / 2)); ; ) {
    const step = newStep<T>();
    const mark = work.mark();
    try {
      await runStep(chain, work, step, size);
      await chain.discard();
      if (step.count < size) return dead;
      size *= 2;
    } catch (error) {
      await undo(chain, work, mark);
      // The bundle fails without any element: it is not theirs.
      if (!isDeadly(error) || step.count === 0) throw error;
      if (step.count === 1) {
        const item = step.last as T;
        work.drop(item);
        dead.push({ item, error, attempts });
      }
      size = Math.ceil(step.count / 2);
    }
  }
}

async function undo<T>(chain: Chain, work: Work<T>, mark: number): Promise<void> {
  await chain.discard();
  work.rollback(mark);
}

function isDeadly(error: unknown): error is MeshError {
  return isMeshError(error) && error.disposition === "dead-letter";
}
