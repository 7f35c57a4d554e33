/**
 * One Firestore database: reads, queries, transactions and commits, without any protocol.
 *
 * Owns: how store, locks and transactions work together. Does not own: each of them, nor gRPC
 * (service-*.ts), nor which documents a listener sees (listen-target.ts).
 *
 * B1. A commit happens in one turn: reads checked, writes worked out, logged, made visible. It is
 *     atomic, and nobody sees half of it.
 * B2. A transaction commits only if everything that it read is still so: its documents by their
 *     locks (pessimistic) or update times (optimistic), its queries by running them again.
 * B3. Whatever becomes of a commit, its transaction has ended afterwards.
 */

import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { Timers } from "../timers.ts";
import type { StoredDocument } from "./collection.ts";
import type { MutableCounts } from "./counts.ts";
import { type DocumentChange, DocumentStore, type HistoryOptions } from "./document-store.ts";
import { aborted, invalidArgument } from "./errors.ts";
import type { IndexExemptFields } from "./index-entries.ts";
import { LockTable } from "./locks.ts";
import type { QueryPlan } from "./query/plan.ts";
import { type QueryResult, runQuery } from "./query/run.ts";
import { fromTimestamp } from "./time.ts";
import { type Concurrency, type Transaction, Transactions } from "./transactions.ts";
import type { ConsistencySelector, TransactionOptions, Write, WriteResult } from "./wire.ts";
import { type CheckedWrite, checkWrite, runWrites } from "./write.ts";

/** Where commits are kept for the next start. */
export interface CommitLog {
  append(changes: readonly DocumentChange[]): void;
}

/** What a database is made with. */
export interface DatabaseSettings extends HistoryOptions {
  readonly timers: Timers;
  readonly concurrency: Concurrency;
  readonly lockDeadlineMs: number;
  readonly indexExemptFields: IndexExemptFields;
  readonly counts: MutableCounts;
  readonly log?: CommitLog | undefined;
}

/** What a commit answers. */
export interface CommitResult {
  readonly commitMicros: number;
  readonly results: readonly WriteResult[];
}

/** Where a read looks: a transaction, a time in the past, or the present. */
export interface ReadView {
  /** Undefined: the present. */
  readonly readMicros: number | undefined;
  /** The read time to report. */
  readonly reportedMicros: number;
  readonly transaction: Transaction | undefined;
  /** Whether this read opened the transaction, and so must tell its id. */
  readonly isNewTransaction: boolean;
}

/** Told of each commit that changed something, after it is visible. */
type CommitListener = (commitMicros: number, changes: readonly DocumentChange[]) => void;

/** One Firestore database. */
export class Database {
  /** `projects/P/databases/D`. */
  readonly name: string;
  readonly store: DocumentStore;
  readonly transactions: Transactions;
  readonly #settings: DatabaseSettings;
  readonly #locks: LockTable;
  readonly #listeners = new Set<CommitListener>();

  constructor(name: string, settings: DatabaseSettings) {
    this.name = name;
    this.#settings = settings;
    this.store = new DocumentStore(settings.timers, settings);
    this.transactions = new Transactions(settings.timers);
    this.#locks = new LockTable(settings.timers, settings.lockDeadlineMs);
  }

  /** The counters that this database moves. */
  get counts(): MutableCounts {
    return this.#settings.counts;
  }

  /** Opens a transaction. @throws FAILED_PRECONDITION, INVALID_ARGUMENT for a bad read time */
  begin(options: TransactionOptions | null | undefined): Transaction {
    if (options?.readOnly) return this.#beginReadOnly(options.readOnly.readTime ?? undefined);
    const mode = options?.readWrite?.concurrencyMode;
    let concurrency = this.#settings.concurrency;
    if (mode === "OPTIMISTIC") concurrency = "optimistic";
    if (mode === "PESSIMISTIC") concurrency = "pessimistic";
    return this.transactions.begin({ readMicros: undefined, concurrency }, (transaction) => {
      this.#locks.fail(aborted("The transaction has ended."), transaction);
      this.#locks.release(transaction);
    });
  }

  /** Ends a transaction without writing; one that has ended already stays so. */
  rollback(id: Buffer): void {
    this.transactions.end(id);
  }

  /** Returns where a read with this selector looks. */
  view(selector: ConsistencySelector): ReadView {
    const isNewTransaction = Boolean(selector.newTransaction);
    const transaction = this.#transactionOf(selector);
    let readMicros = transaction?.readMicros;
    if (selector.readTime) {
      readMicros = fromTimestamp(selector.readTime);
      this.store.checkReadTime(readMicros);
    }
    const reportedMicros = readMicros ?? this.store.clock.readMicros();
    return { readMicros, reportedMicros, transaction, isNewTransaction };
  }

  /** Reads one document, and counts it. */
  read(view: ReadView, name: string): StoredDocument | undefined {
    this.counts.documentReads++;
    const document = this.store.getAt(name, view.readMicros);
    this.#remember(view, name, document);
    return document;
  }

  /** Runs a query without counting the documents that it returns. */
  query(view: ReadView, plan: QueryPlan): QueryResult {
    this.counts.queries++;
    const result = runQuery(this.store, plan, view.readMicros);
    if (view.transaction !== undefined && view.readMicros === undefined) {
      for (const document of result.documents) this.#remember(view, document.name, document);
      view.transaction.queries.push({
        fingerprint: fingerprint(result),
        again: () => fingerprint(runQuery(this.store, plan, undefined)),
      });
    }
    return result;
  }

  /**
   * Commits writes, all or none; waits for locks of other transactions if there are any.
   *
   * @throws ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND
   */
  async commit(writes: readonly Write[], transactionId?: Buffer): Promise<CommitResult> {
    const id = transactionId !== undefined && transactionId.length > 0 ? transactionId : undefined;
    const transaction = id === undefined ? undefined : this.transactions.use(id);
    try {
      if (transaction?.readMicros !== undefined && writes.length > 0) {
        throw invalidArgument("Cannot modify entities in a read-only transaction.");
      }
      const checked = writes.map((write) => checkWrite(write, this.name));
      const names = checked.map((write) => write.name.full);
      return await this.#locks.exclusively(names, transaction, () =>
        this.#commitNow(checked, transaction),
      );
    } catch (error) {
      if (error instanceof StatusError && error.code === status.ABORTED) this.counts.aborts++;
      throw error;
    } finally {
      if (id !== undefined) this.transactions.end(id);
    }
  }

  /** Calls a listener after each commit, until the function that it returns is called. */
  subscribe(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all transactions and refuses all commits that wait. */
  stop(): void {
    this.#locks.fail(new StatusError(status.UNAVAILABLE, "The server stops."));
    this.transactions.endAll();
  }

  #commitNow(writes: readonly CheckedWrite[], transaction: Transaction | undefined): CommitResult {
    if (transaction !== undefined) this.#checkReads(transaction);
    const commitMicros = this.store.clock.nextCommitMicros();
    const outcome = runWrites(writes, {
      commitMicros,
      exempt: this.#settings.indexExemptFields,
      stored: (name) => this.store.get(name),
    });
    if (outcome.changes.length > 0) {
      // The log comes first: what it can't take must not become visible.
      this.#settings.log?.append(outcome.changes);
      this.store.apply(commitMicros, outcome.changes);
    }
    this.#countWrites(writes, outcome.writtenBytes);
    // Ended in the same turn, so that whoever waits for its locks is tried before anybody new.
    if (transaction !== undefined) this.transactions.end(transaction.id);
    if (outcome.changes.length > 0) {
      for (const listener of this.#listeners) listener(commitMicros, outcome.changes);
    }
    return { commitMicros, results: outcome.results };
  }

  #countWrites(writes: readonly CheckedWrite[], writtenBytes: number): void {
    const deletes = writes.filter((write) => write.isDelete).length;
    this.counts.commits++;
    this.counts.documentDeletes += deletes;
    this.counts.documentWrites += writes.length - deletes;
    this.counts.writtenBytes += writtenBytes;
  }

  #checkReads(transaction: Transaction): void {
    for (const [name, updateMicros] of transaction.reads) {
      if ((this.store.get(name)?.updateMicros ?? 0) !== updateMicros) {
        throw aborted(`A document that the transaction read has changed: ${name}`);
      }
    }
    for (const query of transaction.queries) {
      if (query.again() !== query.fingerprint) {
        throw aborted("The result of a query that the transaction ran has changed.");
      }
    }
  }

  #remember(view: ReadView, name: string, document: StoredDocument | undefined): void {
    const transaction = view.transaction;
    if (transaction === undefined || view.readMicros !== undefined) return;
    if (!transaction.reads.has(name)) {
      transaction.reads.set(name, document?.updateMicros ?? 0);
    }
    if (transaction.concurrency === "pessimistic") this.#locks.share(transaction, name);
  }

  #beginReadOnly(readTime: ConsistencySelector["readTime"] | undefined): Transaction {
    let readMicros = this.store.clock.readMicros();
    if (readTime) {
      readMicros = fromTimestamp(readTime);
      this.store.checkReadTime(readMicros);
    }
    const unpin = this.store.pin(readMicros);
    return this.transactions.begin({ readMicros, concurrency: "optimistic" }, unpin);
  }

  #transactionOf(selector: ConsistencySelector): Transaction | undefined {
    if (selector.newTransaction) return this.begin(selector.newTransaction);
    if (selector.transaction === undefined || selector.transaction.length === 0) return undefined;
    return this.transactions.use(selector.transaction);
  }
}

function fingerprint(result: QueryResult): string {
  return result.documents.map(({ name, updateMicros }) => `${name}@${updateMicros}`).join("\n");
}
