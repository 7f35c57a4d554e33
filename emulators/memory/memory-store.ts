/**
 * Memory store: the Store port in this process.
 *
 * Owns: heads, parts, registers, dead letters, snapshots, the job and sinks' documents as maps, and exact counts of what
 * Firestore would bill. Does not own: faults (the simulator wraps a port).
 */

import { isAskedFor, isNews } from "../../functions/dead-letters/record.ts";
import type {
  DeadLetterListed,
  DeadLetterQuery,
  DeadLetterRecord,
  HeadCommit,
  HeadRecord,
  JobRecord,
  MeshSnapshot,
  PartDocument,
  RegisterRecord,
  ShardRef,
  SinkDocument,
  SnapshotRecord,
  Store,
} from "../../functions/ports.ts";
import { MeshError } from "../../sdk/model/errors.ts";

/** What Firestore would bill. */
export interface StoreCounts {
  commits: number;
  documentReads: number;
  documentWrites: number;
  documentDeletes: number;
  writtenBytes: number;
  /** Of the reads: heads and parts, which only a shard that is opened anew reads. */
  headReads: number;
  partReads: number;
  /** Of the commits: steps of shards, and group commits of ingest instances. */
  headCommits: number;
  registers: number;
  /** Documents that one step of a shard wrote, sinks' left out: on average one, at most this. */
  headCommitWritesMax: number;
}

/** Index entries that Firestore counts for the price of one read. */
const COUNTED_PER_READ = 1_000;

/** The Store port in this process. */
export class MemoryStore implements Store {
  readonly counts: StoreCounts = {
    commits: 0,
    documentReads: 0,
    documentWrites: 0,
    documentDeletes: 0,
    writtenBytes: 0,
    headReads: 0,
    partReads: 0,
    headCommits: 0,
    registers: 0,
    headCommitWritesMax: 0,
  };
  readonly #heads = new Map<string, { shard: ShardRef; head: HeadRecord }>();
  /** Shards that were ever committed. */
  readonly #genesis = new Set<string>();
  readonly #parts = new Map<string, string>();
  readonly #registers = new Map<string, RegisterRecord>();
  readonly #documents = new Map<string, Map<string, Readonly<Record<string, unknown>>>>();
  readonly #deadLetters = new Map<string, DeadLetterRecord>();
  readonly #deployments = new Map<string, string>();
  readonly #snapshots = new Map<string, Map<number, string>>();
  #job: JobRecord | undefined;

  /** Documents of a collection that sinks wrote, by id. */
  documents(collection: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
    return this.#documents.get(collection) ?? new Map();
  }

  /** Names of the collections that sinks wrote to. */
  collections(): string[] {
    return [...this.#documents.keys()];
  }

  /** How many parts of shards are stored. */
  get partCount(): number {
    return this.#parts.size;
  }

  async newestHead(shard: ShardRef): Promise<HeadRecord | undefined> {
    this.counts.documentReads++;
    this.counts.headReads++;
    return this.#heads.get(keyOf(shard))?.head;
  }

  async readParts(shard: ShardRef, ids: readonly string[]): Promise<readonly string[]> {
    this.counts.documentReads += ids.length;
    this.counts.partReads += ids.length;
    return ids.map((id) => {
      const text = this.#parts.get(`${keyOf(shard)}/${id}`);
      // As in Firestore: another activation has committed since the head was read.
      if (text === undefined) throw new MeshError("ERR_STORE_CONTENTION", `Part ${id} is gone.`);
      return text;
    });
  }

  async commitHead(commit: HeadCommit): Promise<void> {
    const key = keyOf(commit.shard);
    const isOver = commit.previousVersion === undefined && this.#genesis.has(key);
    if (isOver || this.#heads.get(key)?.head.version !== commit.previousVersion) {
      throw new MeshError("ERR_STORE_CONTENTION", `Shard ${key} is at another version.`);
    }
    this.#genesis.add(key);
    this.#heads.set(key, { shard: commit.shard, head: commit.head });
    for (const { id, text } of commit.partsToPut) {
      this.#parts.set(`${key}/${id}`, text);
      this.counts.writtenBytes += text.length;
    }
    for (const id of commit.partsToDelete) this.#parts.delete(`${key}/${id}`);
    this.#put(commit.sinkDocuments);
    this.#putLetters(commit.deadLetters ?? []);
    // The first commit of a shard also creates its genesis document (gcp/firestore-store.ts).
    const isFirst = commit.previousVersion === undefined;
    const writes = commit.partsToPut.length + (isFirst ? 2 : 1);
    this.counts.commits++;
    this.counts.headCommits++;
    this.counts.headCommitWritesMax = Math.max(this.counts.headCommitWritesMax, writes);
    this.counts.documentWrites += writes;
    this.counts.documentDeletes += commit.partsToDelete.length + (isFirst ? 0 : 1);
    this.counts.writtenBytes += commit.head.progress.length + commit.head.body.length;
  }

  async writeDocuments(documents: readonly SinkDocument[]): Promise<void> {
    this.counts.commits++;
    this.#put(documents);
  }

  async putDeadLetters(letters: readonly DeadLetterRecord[]): Promise<void> {
    this.counts.commits++;
    this.counts.documentReads += letters.length;
    // One after the other: the same letter may be there twice.
    for (const letter of letters) {
      if (isNews(letter, this.#deadLetters.get(letter.id))) this.#putLetters([letter]);
    }
  }

  async listDeadLetters(query: DeadLetterQuery): Promise<readonly DeadLetterListed[]> {
    const { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, after } = query;
    const newestFirst = [...this.#deadLetters.values()].sort(byNewest);
    const matching = newestFirst.filter(
      (letter) =>
        letter.atMs >= sinceMs &&
        letter.atMs < untilMs &&
        isAskedFor(query, letter) &&
        (after === undefined || byNewest(after, letter) < 0),
    );
    this.counts.documentReads += Math.max(1, newestFirst.length);
    return matching.slice(0, query.limit).map(({ detail: _, ...listed }) => listed);
  }

  async countOpenDeadLetters(stage?: string): Promise<number> {
    const open = [...this.#deadLetters.values()].filter(
      (letter) => letter.state === "open" && (stage === undefined || letter.stage === stage),
    );
    this.counts.documentReads += Math.max(1, Math.ceil(open.length / COUNTED_PER_READ));
    return open.length;
  }

  async readDeadLetters(ids: readonly string[]): Promise<readonly DeadLetterRecord[]> {
    this.counts.documentReads += ids.length;
    return ids.flatMap((id) => this.#deadLetters.get(id) ?? []);
  }

  async deleteDeadLetters(ids: readonly string[]): Promise<void> {
    this.counts.commits++;
    this.counts.documentDeletes += ids.length;
    for (const id of ids) this.#deadLetters.delete(id);
  }

  async putRegister(register: RegisterRecord): Promise<void> {
    this.counts.commits++;
    this.counts.registers++;
    this.counts.documentWrites++;
    this.counts.writtenBytes += register.text.length;
    this.#registers.set(register.id, register);
  }

  async replaceRegister(register: RegisterRecord): Promise<void> {
    this.counts.commits++;
    if (!this.#registers.has(register.id)) return;
    this.counts.documentWrites++;
    this.counts.writtenBytes += register.text.length;
    this.#registers.set(register.id, register);
  }

  async snapshot(): Promise<MeshSnapshot> {
    this.counts.documentReads +=
      Math.max(1, this.#heads.size) + Math.max(1, this.#registers.size) + 1;
    return {
      heads: [...this.#heads.values()].map(({ shard, head }) => ({
        shard,
        version: head.version,
        progress: head.progress,
      })),
      registers: [...this.#registers.values()],
      job: this.#job,
    };
  }

  async deleteState(shards: readonly ShardRef[]): Promise<void> {
    for (const shard of shards) this.#genesis.add(keyOf(shard));
    this.counts.documentWrites += shards.length;
    for (const documents of [this.#heads, this.#parts, this.#registers]) {
      this.counts.documentDeletes += documents.size;
      documents.clear();
    }
  }

  async putShard(shard: ShardRef, head: HeadRecord, parts: readonly PartDocument[]): Promise<void> {
    const key = keyOf(shard);
    this.#genesis.add(key);
    this.#heads.set(key, { shard, head });
    for (const { id, text } of parts) this.#parts.set(`${key}/${id}`, text);
    this.counts.documentWrites += parts.length + 2;
  }

  async putSnapshotPart(id: string, part: number, text: string): Promise<void> {
    const parts = this.#snapshots.get(id) ?? new Map<number, string>();
    this.#snapshots.set(id, parts.set(part, text));
    this.counts.documentWrites++;
  }

  async readSnapshotParts(id: string): Promise<readonly string[]> {
    const parts = [...(this.#snapshots.get(id) ?? [])];
    this.counts.documentReads += Math.max(1, parts.length);
    return parts.sort(([a], [b]) => a - b).map(([, text]) => text);
  }

  async listSnapshots(): Promise<readonly SnapshotRecord[]> {
    const found = [...this.#snapshots].flatMap(([id, parts]) => {
      const text = parts.get(0);
      return text === undefined ? [] : [{ id, text }];
    });
    this.counts.documentReads += Math.max(1, found.length);
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async deleteSnapshot(id: string): Promise<void> {
    this.counts.documentDeletes += this.#snapshots.get(id)?.size ?? 0;
    this.#snapshots.delete(id);
  }

  async putDeployment(planHash: string, text: string): Promise<void> {
    this.counts.commits++;
    this.counts.documentWrites++;
    this.#deployments.set(planHash, text);
  }

  async readDeployment(planHash: string): Promise<string | undefined> {
    this.counts.documentReads++;
    return this.#deployments.get(planHash);
  }

  async readJob(): Promise<JobRecord | undefined> {
    this.counts.documentReads++;
    return this.#job;
  }

  async commitJob(commit: Parameters<Store["commitJob"]>[0]): Promise<void> {
    if (this.#job?.version !== commit.previousVersion) {
      throw new MeshError("ERR_STORE_CONTENTION", "The job is at another version.");
    }
    this.#job = commit.job;
    for (const register of commit.registersToPut) this.#registers.set(register.id, register);
    for (const id of commit.registersToDelete) this.#registers.delete(id);
    const isFirst = commit.previousVersion === undefined;
    this.counts.commits++;
    this.counts.documentWrites += commit.registersToPut.length + (isFirst ? 2 : 1);
    this.counts.documentDeletes += commit.registersToDelete.length + (isFirst ? 0 : 1);
    this.counts.writtenBytes += commit.job.text.length;
  }

  #putLetters(letters: readonly DeadLetterRecord[]): void {
    for (const letter of letters) {
      this.#deadLetters.set(letter.id, letter);
      this.counts.writtenBytes += letter.summary.length + letter.detail.length;
    }
    this.counts.documentWrites += letters.length;
  }

  #put(documents: readonly SinkDocument[]): void {
    for (const { collection, id, fields } of documents) {
      let byId = this.#documents.get(collection);
      if (byId === undefined) {
        byId = new Map();
        this.#documents.set(collection, byId);
      }
      byId.set(id, fields);
    }
    this.counts.documentWrites += documents.length;
  }
}

type Listed = Pick<DeadLetterRecord, "id" | "atMs">;

/** As Firestore sorts: by time, then by id. */
function byNewest(a: Listed, b: Listed): number {
  return b.atMs - a.atMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function keyOf(shard: ShardRef): string {
  return `${shard.stage}/${shard.shard}`;
}
