/**
 * Ports: all that the engine may touch of the world.
 *
 * Owns: the seams between the engine and a world (memory, emulated, cloud). Does not own: any
 * implementation (gcp/, emulators/memory/). One conformance suite runs over every implementation.
 *
 * O1. A port that fails rejects with ERR_UNAVAILABLE (nothing is known of the outcome), with
 *     ERR_STORE_CONTENTION (nothing was done), or, where the same again will fail again, with
 *     ERR_SINK (topics and files alone).
 */
/** A message on its way to a topic. */
export interface OutgoingMessage {
  readonly topic: string;
  /** Messages of one key are delivered one after the other; empty: in any order. */
  readonly orderingKey: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Pub/Sub topics, the mailboxes of stages and the topics of sinks. */
export interface Mailboxes {
  /** Publishes all messages; resolves when all are stored. Not atomic: some may be stored alone. */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}

/** One shard of one stage. */
export interface ShardRef {
  readonly stage: string;
  readonly shard: number;
}

/** A head as stored: the newest state of a shard. */
export interface HeadRecord {
  /** Counts the commits of the shard, from 1. */
  readonly version: number;
  /** What the tracker reads, as JSON text. */
  readonly progress: string;
  /** What only the shard reads, as text. */
  readonly body: string;
}

/** A document that a sink writes with the commit. */
export interface SinkDocument {
  readonly collection: string;
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A further document of a shard: a segment of its state, or a part of its outbox. */
export interface PartDocument {
  readonly id: string;
  readonly text: string;
}

/** The document of a dead letter (dead-letters/record.ts says what its texts hold). */
export interface DeadLetterRecord {
  readonly id: string;
  readonly stage: string;
  /** Of the error. */
  readonly code: string;
  /** Processing time at which it was set aside, in ms. */
  readonly atMs: number;
  readonly state: "open" | "replayed";
  /** How often it was replayed. */
  readonly replays: number;
  /** Processing time at which a replay was taken, in ms. */
  readonly replayedAtMs?: number;
  /** Whether the replay came too late for its window, and was dropped. */
  readonly isLate?: boolean;
  readonly summary: string;
  readonly detail: string;
}

/** A dead letter in a list. */
export type DeadLetterListed = Omit<DeadLetterRecord, "detail">;

/** Which dead letters to list, newest first. */
export interface DeadLetterQuery {
  readonly stage?: string;
  readonly code?: string;
  readonly state?: DeadLetterRecord["state"];
  /** Set aside at or after this processing time, in ms. */
  readonly sinceMs?: number;
  /** Set aside before this processing time, in ms. */
  readonly untilMs?: number;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: Pick<DeadLetterRecord, "id" | "atMs">;
}

/** One atomic step of a shard. */
export interface HeadCommit {
  readonly shard: ShardRef;
  /** The head that must still be there and is consumed; undefined: the shard was never committed. */
  readonly previousVersion: number | undefined;
  readonly head: HeadRecord;
  readonly partsToPut: readonly PartDocument[];
  readonly partsToDelete: readonly string[];
  readonly sinkDocuments: readonly SinkDocument[];
  /** Dead letters that the step made, or took back; left out: none. */
  readonly deadLetters?: readonly DeadLetterRecord[];
}

/** A head's progress, as the tracker sees it. */
export interface HeadProgress {
  readonly shard: ShardRef;
  readonly version: number;
  readonly progress: string;
}

/** A register as stored. */
export interface RegisterRecord {
  readonly id: string;
  readonly text: string;
}

/** The job's own document: watermarks, source state, job state. */
export interface JobRecord {
  /** Counts the commits of the job document, from 1. */
  readonly version: number;
  readonly text: string;
}

/** One consistent view of the whole mesh. */
export interface MeshSnapshot {
  readonly heads: readonly HeadProgress[];
  readonly registers: readonly RegisterRecord[];
  readonly job: JobRecord | undefined;
}

/** A snapshot as listed. */
export interface SnapshotRecord {
  readonly id: string;
  /** Of its part 0. */
  readonly text: string;
}

/** Durable memory of the mesh. */
export interface Store {
  /** Returns the newest head of a shard, or undefined if it was never committed. */
  newestHead(shard: ShardRef): Promise<HeadRecord | undefined>;
  /** Returns the texts of a shard's parts, in the order of `ids`. */
  readParts(shard: ShardRef, ids: readonly string[]): Promise<readonly string[]>;
  /**
   * Commits one step of a shard.
   *
   * @throws ERR_STORE_CONTENTION if the previous head is no longer there: another commit won
   */
  commitHead(commit: HeadCommit): Promise<void>;
  /** Writes documents of a sink whose stage has no shards; the same id replaces the document. */
  writeDocuments(documents: readonly SinkDocument[]): Promise<void>;
  /**
   * Writes dead letters of a stage without shards, whose instances may be late: one that was taken
   * stays as it is, and so does one that has come back more often than what is written.
   */
  putDeadLetters(letters: readonly DeadLetterRecord[]): Promise<void>;
  /** Returns up to `limit` dead letters, newest first; fewer only if there are no more. */
  listDeadLetters(query: DeadLetterQuery): Promise<readonly DeadLetterListed[]>;
  /** Returns how many dead letters are open, of one stage or of all. */
  countOpenDeadLetters(stage?: string): Promise<number>;
  /** Returns those of the dead letters that are there, in the order of `ids`. */
  readDeadLetters(ids: readonly string[]): Promise<readonly DeadLetterRecord[]>;
  /** Removes dead letters; one that is gone already is no error. */
  deleteDeadLetters(ids: readonly string[]): Promise<void>;
  /** Writes a new register. */
  putRegister(register: RegisterRecord): Promise<void>;
  /** Replaces a register; does nothing if the tracker has removed it. */
  replaceRegister(register: RegisterRecord): Promise<void>;
  /** Reads all heads' progress, all registers and the job, as of one moment. */
  snapshot(): Promise<MeshSnapshot>;
  /**
   * Deletes all that shards and registers have stored; the job and sinks' documents stay. No shard
   * of `shards` can be committed again by who knows it from before, or not at all.
   */
  deleteState(shards: readonly ShardRef[]): Promise<void>;
  /**
   * Writes a shard's head and parts, whatever was there of that version: for the control of a job that
   * stands still and whose state was deleted. Who knows the shard from before never commits it again.
   */
  putShard(shard: ShardRef, head: HeadRecord, parts: readonly PartDocument[]): Promise<void>;
  /** Writes one part of a snapshot; part 0 says what the others are, and is written last. */
  putSnapshotPart(id: string, part: number, text: string): Promise<void>;
  /** Returns the texts of a snapshot's parts in their order; empty if there is none. */
  readSnapshotParts(id: string): Promise<readonly string[]>;
  /** Returns the snapshots that have a part 0, oldest id first, with its text. */
  listSnapshots(): Promise<readonly SnapshotRecord[]>;
  /** Deletes a snapshot; one that is gone already is no error. */
  deleteSnapshot(id: string): Promise<void>;
  /** Stores the text of a deployment under its plan's hash; the same again changes nothing. */
  putDeployment(planHash: string, text: string): Promise<void>;
  /** Returns the text of a plan's deployment, or undefined if none is stored. */
  readDeployment(planHash: string): Promise<string | undefined>;
  /** Returns the job document alone. */
  readJob(): Promise<JobRecord | undefined>;
  /**
   * Replaces the job document and deletes registers, atomically.
   *
   * @throws ERR_STORE_CONTENTION if the job is no longer at `previousVersion`
   */
  commitJob(commit: {
    readonly previousVersion: number | undefined;
    readonly job: JobRecord;
    readonly registersToPut: readonly RegisterRecord[];
    readonly registersToDelete: readonly string[];
  }): Promise<void>;
}

/**
 * The subscriptions that feed the mesh: sources' and mailboxes'. Only the control of a job touches
 * them; no stage does.
 */
export interface Subscriptions {
  /** Returns those that are not there, or whose topic is not: what is published to one is lost. */
  missing(names: readonly string[]): Promise<readonly string[]>;
  /** Returns how each pushes now, as text that `start` takes back. */
  configs(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** Stops deliveries; what is published meanwhile waits. What is out may still be answered. */
  stop(names: readonly string[]): Promise<void>;
  /** Lets deliveries go on, as `configs` has told. */
  start(configs: Readonly<Record<string, string>>): Promise<void>;
  /** Deliveries that are out, in all; undefined where the world does not tell. */
  outstanding(names: readonly string[]): Promise<number | undefined>;
  /** Drops all that was published until now; a subscription that is gone has nothing. */
  purge(names: readonly string[]): Promise<void>;
  /** Remembers what of a subscription is not acknowledged yet; an id that is there stays as it is. */
  snapshot(name: string, id: string): Promise<void>;
  /** Takes a subscription back to a snapshot: what was not acknowledged then comes again. */
  seek(name: string, id: string): Promise<void>;
  /** Forgets a snapshot; one that is gone already is no error. */
  deleteSnapshot(id: string): Promise<void>;
}

/** Calls the tracker later. */
export interface Wakeups {
  /**
   * Makes sure that the tracker is called at `dueMs`; a second call with the same name does
   * nothing, also after the first has run.
   */
  wake(name: string, dueMs: number): Promise<void>;
}

/** Processing time. */
export interface Clock {
  nowMs(): number;
  sleep(delayMs: number): Promise<void>;
}

/** Randomness: ids of producers, jitter. */
export interface Random {
  /** Returns a new id of at least 64 random bits, of [a-z0-9]. */
  id(): string;
  /** Returns a number in [0, 1). */
  fraction(): number;
}

/** How much a log entry matters, in Cloud Logging's words. */
export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/**
 * Structured log; messages and fields never hold element content, but for `error`: what was thrown, of
 * which the log writes what may be written.
 */
export type Log = (
  severity: Severity,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Writes files of a file sink; writing the same name again replaces the file. */
export interface FileWriter {
  write(path: string, text: string): Promise<void>;
}

/** Everything the engine may touch. */
export interface World {
  readonly mailboxes: Mailboxes;
  readonly store: Store;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly files: FileWriter;
}
