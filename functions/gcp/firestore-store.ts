/**
 * Firestore store: the Store port on Firestore.
 *
 * Owns: the layout of documents, and what each call costs. Does not own: what the texts mean.
 *
 *   tidemark/P                      genesis: there since the job was launched
 *   tidemark/P/jobs/inverse         the job; as a head, consumed by what replaces it
 *   tidemark/P/heads/S~N~inverse    the newest head of shard N of stage S; sorts newest first
 *   tidemark/P/shards/S~N           genesis: there since the shard's first commit
 *   tidemark/P/parts/S~N~id         segments of state, parts of an outbox
 *   tidemark/P/registers/id         open registers
 *   tidemark/P/deployments/hash     how a plan was deployed
 *   tidemark/P/snapshots/id~part    snapshots of all state (snapshot-documents.ts)
 *   tidemark/P/deadLetters/id       dead letters (gcp/dead-letter-documents.ts)
 *
 * FS1. A head is consumed by the commit that replaces it: of two writers one wins, and a writer
 *      that knows an old head always loses. The first commit needs the genesis not to be there.
 * FS2. A warm activation is one Commit with one document created, one deleted and none read.
 * FS3. A snapshot is of one moment, which Firestore itself named. (Without a named moment Google's
 *      emulator lets a read-only query miss a head that is replaced while it scans.)
 */
import {
  type DocumentSnapshot,
  FieldPath,
  Firestore,
  type Query,
  type Settings,
  type WriteBatch,
} from "@google-cloud/firestore";
import { MeshError } from "../../sdk/model/errors.ts";
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
} from "../ports.ts";
import {
  addDeadLetters,
  countOpen,
  findDeadLetters,
  inBatches,
  putNews,
  readDeadLetters,
} from "./dead-letter-documents.ts";
import { attempt, isCode, unavailable } from "./grpc-errors.ts";
import { SnapshotDocuments } from "./snapshot-documents.ts";

/** Larger than every version; its digits make versions sort in reverse. */
const VERSION_LIMIT = 1e15;

/** Documents of one batch that is deleted. */
const BATCH_MAX = 400;

/** After every character that an id may hold here. */
const AFTER_ALL = "\uf8ff";

/** Returns a Firestore client for a project's database; honours FIRESTORE_EMULATOR_HOST. */
export function firestoreClient(project: string, database: string): Firestore {
  const settings: Settings = {
    projectId: project,
    databaseId: database,
    ignoreUndefinedProperties: true,
  };
  return new Firestore(settings);
}

/** Returns the names of the pipelines that were launched in a database, ascending. */
export async function launchedPipelines(db: Firestore): Promise<readonly string[]> {
  const jobs = db.collection("tidemark").select();
  const found = await attempt("list the jobs", () => jobs.get());
  return found.docs.map(({ id }) => id);
}

/** The Store port on Firestore. */
export class FirestoreStore implements Store {
  readonly #db: Firestore;
  readonly #root: string;
  readonly #snapshots: SnapshotDocuments;

  constructor(db: Firestore, pipeline: string) {
    this.#db = db;
    this.#root = `tidemark/${pipeline}`;
    this.#snapshots = new SnapshotDocuments(db.collection(`${this.#root}/snapshots`));
  }

  async newestHead(shard: ShardRef): Promise<HeadRecord | undefined> {
    const prefix = `${nameOf(shard)}~`;
    const id = FieldPath.documentId();
    const query = this.#collection("heads")
      .where(id, ">=", prefix)
      .where(id, "<", `${prefix}${AFTER_ALL}`)
      .orderBy(id)
      .limit(1);
    const [newest] = (await attempt("read a head", () => query.get())).docs;
    if (newest === undefined) return undefined;
    return {
      version: Number(newest.get("version")),
      progress: String(newest.get("progress")),
      body: String(newest.get("body")),
    };
  }

  async readParts(shard: ShardRef, ids: readonly string[]): Promise<readonly string[]> {
    const refs = ids.map((id) => this.#part(shard, id));
    const documents = await attempt("read parts", () => this.#db.getAll(...refs));
    return documents.map((document) => {
      if (document.exists) return String(document.get("text"));
      // Another activation has committed since the head was read: its parts are gone.
      throw new MeshError("ERR_STORE_CONTENTION", `Part ${document.id} is gone.`);
    });
  }

  async commitHead(commit: HeadCommit): Promise<void> {
    const { shard, previousVersion, head } = commit;
    const batch = this.#db.batch();
    if (previousVersion === undefined) {
      batch.create(this.#collection("shards").doc(nameOf(shard)), {});
    } else {
      batch.delete(this.#head(shard, previousVersion), { exists: true });
    }
    batch.create(this.#head(shard, head.version), { ...shard, ...head });
    for (const { id, text } of commit.partsToPut) batch.set(this.#part(shard, id), { text });
    for (const id of commit.partsToDelete) batch.delete(this.#part(shard, id));
    this.#addDocuments(batch, commit.sinkDocuments);
    addDeadLetters(batch, this.#collection("deadLetters"), commit.deadLetters ?? []);
    await write("commit a head", batch);
  }

  async writeDocuments(documents: readonly SinkDocument[]): Promise<void> {
    const batch = this.#db.batch();
    this.#addDocuments(batch, documents);
    await write("write documents", batch);
  }

  async putDeadLetters(letters: readonly DeadLetterRecord[]): Promise<void> {
    const collection = this.#collection("deadLetters");
    for (const some of inBatches(letters)) {
      await attempt("write dead letters", () =>
        this.#db.runTransaction((transaction) => putNews(transaction, collection, some)),
      );
    }
  }

  listDeadLetters(query: DeadLetterQuery): Promise<readonly DeadLetterListed[]> {
    const letters = this.#collection("deadLetters");
    return attempt("list dead letters", () => findDeadLetters(letters, query));
  }

  countOpenDeadLetters(stage?: string): Promise<number> {
    const letters = this.#collection("deadLetters");
    return attempt("count dead letters", () => countOpen(letters, stage));
  }

  async readDeadLetters(ids: readonly string[]): Promise<readonly DeadLetterRecord[]> {
    if (ids.length === 0) return [];
    const letters = this.#collection("deadLetters");
    return attempt("read dead letters", () => readDeadLetters(this.#db, letters, ids));
  }

  async deleteDeadLetters(ids: readonly string[]): Promise<void> {
    const letters = this.#collection("deadLetters");
    for (let from = 0; from < ids.length; from += BATCH_MAX) {
      const batch = this.#db.batch();
      for (const id of ids.slice(from, from + BATCH_MAX)) batch.delete(letters.doc(id));
      await write("delete dead letters", batch);
    }
  }

  async putRegister({ id, text }: RegisterRecord): Promise<void> {
    const batch = this.#db.batch();
    batch.set(this.#collection("registers").doc(id), { text });
    await write("write a register", batch);
  }

  async replaceRegister({ id, text }: RegisterRecord): Promise<void> {
    const register = this.#collection("registers").doc(id);
    try {
      await register.update({ text });
    } catch (error) {
      if (!isCode(error, "NOT_FOUND")) throw unavailable("replace a register", error);
    }
  }

  /** The job is read first, and the rest as of the moment at which it was read (FS3). */
  async snapshot(): Promise<MeshSnapshot> {
    const heads = this.#collection("heads").select("stage", "shard", "version", "progress");
    const registers = this.#collection("registers");
    return attempt("read the mesh", async () => {
      const job = await this.#newestJob().get();
      const [headDocs, registerDocs] = await this.#db.runTransaction(
        (transaction) =>
          Promise.all([transaction.get(heads as Query), transaction.get(registers as Query)]),
        { readOnly: true, readTime: job.readTime },
      );
      return {
        heads: headDocs.docs.map((document) => ({
          shard: { stage: String(document.get("stage")), shard: Number(document.get("shard")) },
          version: Number(document.get("version")),
          progress: String(document.get("progress")),
        })),
        registers: registerDocs.docs.map((document) => ({
          id: document.id,
          text: String(document.get("text")),
        })),
        job: jobOf(job.docs),
      };
    });
  }

  /** The genesis documents come first (FS1): from then on no shard begins. */
  async deleteState(shards: readonly ShardRef[]): Promise<void> {
    const genesis = shards.map((shard) => this.#collection("shards").doc(nameOf(shard)));
    for (let from = 0; from < genesis.length; from += BATCH_MAX) {
      const batch = this.#db.batch();
      for (const document of genesis.slice(from, from + BATCH_MAX)) batch.set(document, {});
      await write("close the shards", batch);
    }
    for (const name of ["heads", "parts", "registers"]) await this.#deleteAll(name);
  }

  async #deleteAll(name: string): Promise<void> {
    const some = this.#collection(name).select().limit(BATCH_MAX);
    for (;;) {
      const { docs } = await attempt(`list the ${name}`, () => some.get());
      if (docs.length === 0) return;
      const batch = this.#db.batch();
      for (const { ref } of docs) batch.delete(ref);
      await write(`delete the ${name}`, batch);
    }
  }

  /** Part by part, for together they may be more than one commit takes; the head comes last. */
  async putShard(shard: ShardRef, head: HeadRecord, parts: readonly PartDocument[]): Promise<void> {
    for (const { id, text } of parts) {
      await attempt("write a part", () => this.#part(shard, id).set({ text }));
    }
    const batch = this.#db.batch();
    batch.set(this.#collection("shards").doc(nameOf(shard)), {});
    batch.set(this.#head(shard, head.version), { ...shard, ...head });
    await write("put a head", batch);
  }

  putSnapshotPart(id: string, part: number, text: string): Promise<void> {
    return this.#snapshots.put(id, part, text);
  }

  readSnapshotParts(id: string): Promise<readonly string[]> {
    return this.#snapshots.read(id);
  }

  listSnapshots(): Promise<readonly SnapshotRecord[]> {
    return this.#snapshots.list();
  }

  deleteSnapshot(id: string): Promise<void> {
    return this.#snapshots.delete(id);
  }

  async putDeployment(planHash: string, text: string): Promise<void> {
    const deployment = this.#collection("deployments").doc(planHash);
    await attempt("store the deployment", () => deployment.set({ text }));
  }

  async readDeployment(planHash: string): Promise<string | undefined> {
    const deployment = this.#collection("deployments").doc(planHash);
    const found = await attempt("read the deployment", () => deployment.get());
    return found.exists ? String(found.get("text")) : undefined;
  }

  async readJob(): Promise<JobRecord | undefined> {
    const found = await attempt("read the job", () => this.#newestJob().get());
    return jobOf(found.docs);
  }

  async commitJob(commit: Parameters<Store["commitJob"]>[0]): Promise<void> {
    const { previousVersion, job } = commit;
    const batch = this.#db.batch();
    const jobs = this.#collection("jobs");
    if (previousVersion === undefined) batch.create(this.#db.doc(this.#root), {});
    else batch.delete(jobs.doc(inverse(previousVersion)), { exists: true });
    batch.create(jobs.doc(inverse(job.version)), { ...job });
    const registers = this.#collection("registers");
    for (const { id, text } of commit.registersToPut) batch.set(registers.doc(id), { text });
    for (const id of commit.registersToDelete) batch.delete(registers.doc(id));
    await write("commit the job", batch);
  }

  #addDocuments(batch: WriteBatch, documents: readonly SinkDocument[]): void {
    for (const { collection, id, fields } of documents) {
      batch.set(this.#db.collection(collection).doc(id), fields);
    }
  }

  #collection(name: string): ReturnType<Firestore["collection"]> {
    return this.#db.collection(`${this.#root}/${name}`);
  }

  #head(shard: ShardRef, version: number): ReturnType<Firestore["doc"]> {
    return this.#collection("heads").doc(`${nameOf(shard)}~${inverse(version)}`);
  }

  #newestJob(): Query {
    return this.#collection("jobs").orderBy(FieldPath.documentId()).limit(1);
  }

  #part(shard: ShardRef, id: string): ReturnType<Firestore["doc"]> {
    return this.#collection("parts").doc(`${nameOf(shard)}~${id}`);
  }
}

function nameOf({ stage, shard }: ShardRef): string {
  return `${stage}~${shard}`;
}

/** Sorts versions newest first. */
function inverse(version: number): string {
  return String(VERSION_LIMIT - version).padStart(16, "0");
}

function jobOf(documents: readonly DocumentSnapshot[]): JobRecord | undefined {
  const [newest] = documents;
  if (newest === undefined) return undefined;
  return { version: Number(newest.get("version")), text: String(newest.get("text")) };
}

async function write(what: string, batch: WriteBatch): Promise<void> {
  try {
    await batch.commit();
  } catch (cause) {
    const isLost =
      isCode(cause, "ALREADY_EXISTS") ||
      isCode(cause, "NOT_FOUND") ||
      isCode(cause, "FAILED_PRECONDITION") ||
      isCode(cause, "ABORTED");
    if (!isLost) throw unavailable(what, cause);
    throw new MeshError("ERR_STORE_CONTENTION", `Firestore: ${what}: another writer won.`, {
      cause,
    });
  }
}
