/**
 * Locks on documents, for pessimistic transactions.
 *
 * Owns: who has read what, and who waits to write it. Does not own: transactions' lives
 * (transactions.ts), the writing itself.
 *
 * A commit happens in one turn, so nobody ever holds an exclusive lock for longer: what is kept are
 * the shared locks of open transactions, by document name (also of documents that do not exist).
 *
 * L1. A commit runs only when no other open transaction holds a lock on a document that it writes.
 * L2. A read never waits, since no exclusive lock outlives a turn. So a document that transactions
 *     read without a pause can starve its writers, until their deadline.
 * L3. No deadlock: a transaction whose commit would wait for one that already waits for it is
 *     aborted at once, and so the first of the two to commit wins.
 * L4. Waiting commits are tried in the order in which they came.
 */
import type { CancelTimer, Timers } from "../timers.ts";
import { aborted } from "./errors.ts";

/** Whoever holds locks; compared by identity. */
type LockOwner = object;

interface Waiter {
  readonly names: readonly string[];
  readonly owner: LockOwner | undefined;
  readonly run: () => void;
  readonly fail: (error: Error) => void;
  cancelTimer: CancelTimer;
}

/** The shared locks of one database, and the commits that wait for them. */
export class LockTable {
  readonly #timers: Timers;
  readonly #deadlineMs: number;
  readonly #holders = new Map<string, Set<LockOwner>>();
  readonly #held = new Map<LockOwner, Set<string>>();
  readonly #waiting = new Set<Waiter>();

  constructor(timers: Timers, deadlineMs: number) {
    this.#timers = timers;
    this.#deadlineMs = deadlineMs;
  }

  /** How many commits wait. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Gives a transaction the shared lock on a document. */
  share(owner: LockOwner, name: string): void {
    let holders = this.#holders.get(name);
    if (holders === undefined) {
      holders = new Set();
      this.#holders.set(name, holders);
    }
    holders.add(owner);
    const held = this.#held.get(owner) ?? new Set();
    this.#held.set(owner, held.add(name));
  }

  /**
   * Does the work when no other transaction has a lock on any of the names; at once if it can.
   *
   * @throws ABORTED when it waited too long, or would wait for ever (L3)
   */
  exclusively<T>(
    names: readonly string[],
    owner: LockOwner | undefined,
    work: () => T,
  ): T | Promise<T> {
    const blockers = this.#blockers(names, owner);
    if (blockers.size === 0) return work();
    if (owner !== undefined && this.#wouldDeadlock(owner, blockers)) {
      throw aborted("Transaction lock conflict: another transaction that read the same won.");
    }
    return this.#wait(names, owner, work);
  }

  /** Takes all locks of a transaction back, and lets those who waited for them go on. */
  release(owner: LockOwner): void {
    const held = this.#held.get(owner);
    if (held === undefined) return;
    this.#held.delete(owner);
    for (const name of held) {
      const holders = this.#holders.get(name);
      holders?.delete(owner);
      if (holders?.size === 0) this.#holders.delete(name);
    }
    this.#wake();
  }

  /** Fails the commit that this owner waits with, or all that wait. */
  fail(error: Error, owner?: LockOwner): void {
    for (const waiter of [...this.#waiting]) {
      if (owner === undefined || waiter.owner === owner) this.#leave(waiter).fail(error);
    }
  }

  #wait<T>(names: readonly string[], owner: LockOwner | undefined, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      const waiter: Waiter = { names, owner, run, fail: reject, cancelTimer: () => {} };
      waiter.cancelTimer = this.#timers.after(this.#deadlineMs, () => {
        this.#leave(waiter).fail(aborted("Transaction lock timeout."));
      });
      this.#waiting.add(waiter);
    });
  }

  #leave(waiter: Waiter): Waiter {
    this.#waiting.delete(waiter);
    waiter.cancelTimer();
    return waiter;
  }

  // A commit that runs here may release locks itself and come back in; so each waiter is looked up
  // again before it runs.
  #wake(): void {
    for (const waiter of [...this.#waiting]) {
      if (!this.#waiting.has(waiter)) continue;
      if (this.#blockers(waiter.names, waiter.owner).size === 0) this.#leave(waiter).run();
    }
  }

  #blockers(names: readonly string[], owner: LockOwner | undefined): Set<LockOwner> {
    const blockers = new Set<LockOwner>();
    if (this.#holders.size === 0) return blockers;
    for (const name of names) {
      for (const holder of this.#holders.get(name) ?? []) {
        if (holder !== owner) blockers.add(holder);
      }
    }
    return blockers;
  }

  #wouldDeadlock(owner: LockOwner, blockers: ReadonlySet<LockOwner>): boolean {
    const seen = new Set<LockOwner>();
    const open = [...blockers];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === owner) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      for (const waiter of this.#waiting) {
        if (waiter.owner === next) open.push(...this.#blockers(waiter.names, next));
      }
    }
    return false;
  }
}
