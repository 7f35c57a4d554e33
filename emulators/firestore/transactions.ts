/**
 * Open transactions of one database.
 *
 * Owns: their ids, their lives (60 s idle, 270 s in all), and what each has read.
 * Does not own: locks (locks.ts), checking the reads at commit (database.ts).
 *
 * X1. Every transaction ends: by its commit, its rollback, or a timer. Ending it releases its locks
 *     and its hold on the past.
 */
import { randomBytes } from "node:crypto";
import type { CancelTimer, Timers } from "../timers.ts";
import { invalidArgument } from "./errors.ts";
import { transactionIdleMs, transactionTotalMs } from "./limits.ts";

/** How a read-write transaction keeps its reads true until its commit. */
export type Concurrency = "pessimistic" | "optimistic";

/** A query that a transaction ran, to be run again at its commit. */
interface QueryRead {
  /** The names and update times of what it matched. */
  readonly fingerprint: string;
  /** Runs it against the present. */
  readonly again: () => string;
}

/** One open transaction. */
export interface Transaction {
  readonly id: Buffer;
  /** Set for a read-only transaction: the time that all its reads are at. */
  readonly readMicros: number | undefined;
  readonly concurrency: Concurrency;
  /** The documents read, by name, with their update times; 0 for a missing one. */
  readonly reads: Map<string, number>;
  readonly queries: QueryRead[];
}

interface Open {
  readonly transaction: Transaction;
  readonly endsMs: number;
  readonly onEnd: () => void;
  cancelTimer: CancelTimer;
}

const idBytes = 16;

/** The open transactions of one database. */
export class Transactions {
  readonly #timers: Timers;
  readonly #open = new Map<string, Open>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /**
   * Opens a transaction.
   *
   * @param onEnd - called once, with the transaction, however it ends
   */
  begin(
    kind: { readMicros: number | undefined; concurrency: Concurrency },
    onEnd: (transaction: Transaction) => void,
  ): Transaction {
    const transaction = { id: randomBytes(idBytes), reads: new Map(), queries: [], ...kind };
    const open: Open = {
      transaction,
      endsMs: this.#timers.nowMs() + transactionTotalMs,
      onEnd: () => onEnd(transaction),
      cancelTimer: () => {},
    };
    this.#open.set(keyOf(transaction.id), open);
    this.#rearm(open);
    return transaction;
  }

  /** Returns an open transaction, and counts this as its newest use. @throws INVALID_ARGUMENT */
  use(id: Buffer): Transaction {
    const open = this.#open.get(keyOf(id));
    if (open === undefined) {
      // Clients look for "transaction has expired" and try the whole transaction again.
      throw invalidArgument("The referenced transaction has expired or is no longer valid.");
    }
    open.cancelTimer();
    this.#rearm(open);
    return open.transaction;
  }

  /** Ends a transaction; one that has ended already stays so. */
  end(id: Buffer): void {
    const key = keyOf(id);
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    open.cancelTimer();
    open.onEnd();
  }

  /** Ends all transactions. */
  endAll(): void {
    for (const { transaction } of [...this.#open.values()]) this.end(transaction.id);
  }

  #rearm(open: Open): void {
    const leftMs = Math.max(0, open.endsMs - this.#timers.nowMs());
    const delayMs = Math.min(transactionIdleMs, leftMs);
    open.cancelTimer = this.#timers.after(delayMs, () => this.end(open.transaction.id));
  }
}

function keyOf(id: Buffer): string {
  return id.toString("latin1");
}
