/**
 * What the mesh and its users may expect of any Firestore, asked through the real client.
 *
 * Owns: the promises that hold on every implementation. Does not own: what only the embedded server
 * has (firestore-embedded.test.ts), nor the details of the store (test/unit/emulators/firestore).
 */
import {
  AggregateField,
  FieldPath,
  FieldValue,
  Filter,
  Firestore,
  GeoPoint,
  Timestamp,
  v1,
} from "@google-cloud/firestore";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

/** A Firestore to ask: where it is, and how to end it. */
export interface StartedFirestore {
  /** The value for FIRESTORE_EMULATOR_HOST. */
  readonly address: string;
  stop(): Promise<void>;
}

/** What a suite runs over. */
export interface FirestoreSuiteOptions {
  readonly name: string;
  readonly start: () => Promise<StartedFirestore>;
  /** Promises that this implementation does not keep, by their titles, with the reason. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[];
}

const projectId = "demo-conformance";
/** The database that the tests use. */
export const database: string = `projects/${projectId}/databases/(default)`;
const codes = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
};

/** Runs the suite over one implementation. */
export function firestoreSuite({ name, start, skip = [] }: FirestoreSuiteOptions): void {
  const reasons = new Map(skip.flatMap(({ reason, tests }) => tests.map((test) => [test, reason])));
  let started: StartedFirestore;
  let firestore: Firestore;
  let raw: InstanceType<typeof v1.FirestoreClient>;
  let run = 0;
  let prefix = "";

  const spec = (title: string, work: () => Promise<void>): void => {
    const reason = reasons.get(title);
    reasons.delete(title);
    if (reason === undefined) it(title, work);
    else it.skip(`${title} (${reason})`, work);
  };
  const collection = (id = "c") => firestore.collection(`${prefix}${id}`);
  const fullName = (path: string) => `${database}/documents/${prefix}${path}`;

  describe(`Firestore: ${name}`, () => {
    beforeAll(async () => {
      started = await start();
      firestore = connect(started.address);
      raw = connectRaw(started.address);
    });

    afterAll(async () => {
      await raw.close();
      await firestore.terminate();
      await started.stop();
      expect([...reasons.keys()], "every skipped title is the title of a test").toEqual([]);
    });

    beforeEach(() => {
      prefix = `t${Date.now().toString(36)}${run++}-`;
    });

    spec("a value of each type comes back as it was written", async () => {
      const data = {
        nothing: null,
        yes: true,
        int: 42,
        double: 1.5,
        nan: Number.NaN,
        time: Timestamp.fromMillis(1_234),
        text: "é😀",
        bytes: Buffer.from([0, 1, 255]),
        reference: collection().doc("other"),
        point: new GeoPoint(1.5, -2.5),
        list: [1, "a", { deep: [null] }],
        map: { a: { b: 1 }, "with.dot": 2 },
        vector: FieldValue.vector([1, 2, 3]),
      };
      await collection().doc("d").set(data);
      expect((await collection().doc("d").get()).data()).toEqual(data);
    });

    spec("integers keep all 64 bits", async () => {
      const precise = connect(started.address, { useBigInt: true });
      const reference = precise.doc(`${prefix}c/d`);
      await reference.set({ max: 2n ** 63n - 1n, min: -(2n ** 63n) });
      expect((await reference.get()).data()).toEqual({ max: 2n ** 63n - 1n, min: -(2n ** 63n) });
      await precise.terminate();
    });

    spec(
      "one commit creates the next head and deletes the last, and only one of two wins",
      async () => {
        const heads = collection("heads");
        await heads.doc("1").create({ v: 1 });
        const advance = async () => {
          const batch = firestore.batch();
          batch.delete(heads.doc("1"), { exists: true });
          batch.create(heads.doc("2"), { v: 2 });
          await batch.commit();
        };
        const outcomes = await Promise.allSettled([advance(), advance()]);
        const lost = outcomes.filter((outcome) => outcome.status === "rejected");
        expect(lost).toHaveLength(1);
        expect([codes.notFound, codes.alreadyExists]).toContain(lost[0]?.reason.code);
        expect((await heads.get()).docs.map((document) => document.id)).toEqual(["2"]);
      },
    );

    spec("a failed precondition has its own code, and nothing is written", async () => {
      const here = collection().doc("here");
      await here.set({ x: 1 });
      const missing = collection().doc("missing");
      const old = { lastUpdateTime: Timestamp.fromMillis(5) };
      await expect(here.create({})).rejects.toMatchObject({ code: codes.alreadyExists });
      await expect(missing.update({ x: 1 })).rejects.toMatchObject({ code: codes.notFound });
      await expect(here.update({ x: 2 }, old)).rejects.toMatchObject({
        code: codes.failedPrecondition,
      });
      const batch = firestore.batch();
      batch.set(collection().doc("new"), {});
      batch.delete(missing, { exists: true });
      await expect(batch.commit()).rejects.toMatchObject({ code: codes.notFound });
      expect((await collection().get()).size).toBe(1);
      expect((await here.get()).data()).toEqual({ x: 1 });
    });

    spec("an update time is the precondition of the next write, exactly once", async () => {
      const reference = collection().doc("d");
      const { writeTime } = await reference.set({ x: 1 });
      const next = await reference.update({ x: 2 }, { lastUpdateTime: writeTime });
      expect(next.writeTime.valueOf() > writeTime.valueOf()).toBe(true);
      await expect(reference.update({ x: 3 }, { lastUpdateTime: writeTime })).rejects.toMatchObject(
        {
          code: codes.failedPrecondition,
        },
      );
      const snapshot = await reference.get();
      expect(snapshot.updateTime).toEqual(next.writeTime);
      expect(snapshot.createTime).toEqual(writeTime);
    });

    spec("a write that changes nothing keeps the update time", async () => {
      const reference = collection().doc("d");
      const first = await reference.set({ x: 1 });
      await reference.set({ x: 1 });
      expect((await reference.get()).updateTime).toEqual(first.writeTime);
    });

    spec("an update sets and deletes single fields, a merge keeps the others", async () => {
      const reference = collection().doc("d");
      await reference.set({ a: 1, b: { c: 1, d: 2 }, gone: 1 });
      await reference.update({ "b.c": 9, gone: FieldValue.delete() });
      await reference.update(new FieldPath("x.y"), "dotted");
      await reference.set({ b: { e: 3 } }, { merge: true });
      expect((await reference.get()).data()).toEqual({
        a: 1,
        b: { c: 9, d: 2, e: 3 },
        "x.y": "dotted",
      });
    });

    spec("transforms compute from what is stored, and their results come back", async () => {
      const reference = collection().doc("d");
      await reference.set({ n: 1, list: [1, 2] });
      await reference.update({
        n: FieldValue.increment(4),
        list: FieldValue.arrayUnion(2, 3),
        at: FieldValue.serverTimestamp(),
      });
      await reference.update({ list: FieldValue.arrayRemove(1) });
      const data = (await reference.get()).data();
      expect(data).toMatchObject({ n: 5, list: [2, 3] });
      expect(Math.abs(data?.["at"].toMillis() - Date.now())).toBeLessThan(60_000);
      const [answer] = await raw.commit({
        database,
        writes: [
          {
            update: { name: fullName("c/d"), fields: {} },
            updateMask: { fieldPaths: [] },
            updateTransforms: [{ fieldPath: "n", increment: { integerValue: 2 } }],
          },
        ],
      });
      expect(answer.writeResults?.[0]?.transformResults?.[0]?.integerValue).toBe("7");
    });

    spec("getAll gives documents and the missing ones, with a mask where asked", async () => {
      await collection().doc("a").set({ x: 1, y: 2 });
      const [a, missing] = await firestore.getAll(collection().doc("a"), collection().doc("b"), {
        fieldMask: ["x"],
      });
      expect(a?.data()).toEqual({ x: 1 });
      expect(missing?.exists).toBe(false);
    });

    spec("concurrent transactions on one document lose no update", async () => {
      const reference = collection().doc("hot");
      await reference.set({ n: 0 });
      const add = () =>
        firestore.runTransaction(async (transaction) => {
          const n = (await transaction.get(reference)).data()?.["n"] ?? 0;
          transaction.update(reference, { n: n + 1 });
        });
      await Promise.all([add(), add(), add()]);
      expect((await reference.get()).data()).toEqual({ n: 3 });
    });

    spec("a transaction that throws writes nothing and frees what it read", async () => {
      const reference = collection().doc("d");
      const failing = firestore.runTransaction(async (transaction) => {
        await transaction.get(reference);
        transaction.set(reference, { x: 1 });
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      await reference.set({ x: 2 });
      expect((await reference.get()).data()).toEqual({ x: 2 });
    });

    spec("a query in a transaction is part of what must not change", async () => {
      await collection().doc("a").set({ x: 1 });
      let attempts = 0;
      await firestore.runTransaction(async (transaction) => {
        attempts++;
        const { size } = await transaction.get(collection().where("x", "==", 1));
        transaction.set(collection("out").doc("size"), { size, attempts });
      });
      expect((await collection("out").doc("size").get()).data()).toEqual({ size: 1, attempts: 1 });
    });

    spec("a read-only transaction at a read time sees the past", async () => {
      const reference = collection().doc("d");
      const { writeTime } = await reference.set({ x: 1 });
      await reference.set({ x: 2 });
      await collection().doc("later").set({});
      const [x, size] = await firestore.runTransaction(
        async (transaction) => [
          (await transaction.get(reference)).data(),
          (await transaction.get(collection())).size,
        ],
        { readOnly: true, readTime: writeTime },
      );
      expect([x, size]).toEqual([{ x: 1 }, 1]);
    });

    spec("queries filter, order, page and project", async () => {
      const writes = firestore.batch();
      for (let i = 0; i < 10; i++) {
        writes.set(collection().doc(`d${i}`), { i, even: i % 2 === 0, tags: [`t${i % 3}`], x: i });
      }
      await writes.commit();
      const ids = async (query: FirebaseFirestore.Query) =>
        (await query.get()).docs.map((document) => document.id);
      const c = collection();
      expect(await ids(c.where("even", "==", true).where("i", ">", 4))).toEqual(["d6", "d8"]);
      expect(await ids(c.orderBy("i", "desc").limit(2))).toEqual(["d9", "d8"]);
      expect(await ids(c.orderBy("i").startAfter(2).endBefore(5))).toEqual(["d3", "d4"]);
      expect(await ids(c.orderBy("i").limitToLast(2))).toEqual(["d8", "d9"]);
      expect(await ids(c.orderBy("i").offset(8))).toEqual(["d8", "d9"]);
      expect(await ids(c.where("i", "in", [1, 99]))).toEqual(["d1"]);
      expect(await ids(c.where("i", "not-in", [0, 1, 2, 3, 4, 5, 6, 7, 8]))).toEqual(["d9"]);
      expect(await ids(c.where("i", "!=", 0).limit(1))).toEqual(["d1"]);
      expect(await ids(c.where("tags", "array-contains", "t0").limit(1))).toEqual(["d0"]);
      expect(await ids(c.where("tags", "array-contains-any", ["t1"]).limit(1))).toEqual(["d1"]);
      const either = Filter.or(Filter.where("i", "==", 3), Filter.where("i", "==", 7));
      expect(await ids(c.where(either))).toEqual(["d3", "d7"]);
      const [projected] = (await c.select("x").limit(1).get()).docs;
      expect(projected?.data()).toEqual({ x: 0 });
      const [bare] = (await c.select(FieldPath.documentId()).limit(1).get()).docs;
      expect(bare?.data()).toEqual({});
    });

    spec("the newest head is one query by name with limit 1", async () => {
      const c = collection("heads");
      const writes = firestore.batch();
      for (const id of ["a-1", "b-1", "b-2", "c-1"]) writes.set(c.doc(id), {});
      await writes.commit();
      const query = c
        .where(FieldPath.documentId(), ">=", c.doc("b-"))
        .where(FieldPath.documentId(), "<", c.doc("b."))
        .orderBy(FieldPath.documentId())
        .limit(1);
      expect((await query.get()).docs.map((document) => document.id)).toEqual(["b-1"]);
    });

    spec("a collection group has the collections of one id at any depth", async () => {
      const id = `${prefix}group`;
      await firestore.doc(`${id}/a`).set({});
      await firestore.doc(`${prefix}x/y/${id}/b`).set({});
      expect((await firestore.collectionGroup(id).get()).size).toBe(2);
    });

    spec("count, sum and average are computed by the server", async () => {
      await collection().doc("a").set({ v: 1 });
      await collection().doc("b").set({ v: 2 });
      await collection().doc("c").set({ v: "text" });
      const all = await collection()
        .aggregate({
          count: AggregateField.count(),
          sum: AggregateField.sum("v"),
          average: AggregateField.average("v"),
        })
        .get();
      expect(all.data()).toEqual({ count: 3, sum: 3, average: 1.5 });
      expect((await collection().limit(2).count().get()).data().count).toBe(2);
    });

    spec("listDocuments names missing documents too, listCollections what lies below", async () => {
      await collection().doc("here").set({});
      await collection().doc("missing").collection("sub").doc("d").set({});
      const documents = await collection().listDocuments();
      expect(documents.map((document) => document.id)).toEqual(["here", "missing"]);
      const below = await collection().doc("missing").listCollections();
      expect(below.map((inner) => inner.id)).toEqual(["sub"]);
    });

    spec("recursiveDelete deletes everything below a document", async () => {
      const top = collection().doc("top");
      await top.set({});
      await top.collection("a").doc("b").set({});
      await top.collection("a").doc("b").collection("c").doc("d").set({});
      await firestore.recursiveDelete(top);
      expect((await top.listCollections()).length).toBe(0);
      expect((await top.get()).exists).toBe(false);
    });

    spec("a BulkWriter's writes succeed and fail each on its own", async () => {
      await collection().doc("there").set({});
      const writer = firestore.bulkWriter({ throttling: false });
      writer.onWriteError(() => false);
      const outcomes = Promise.allSettled([
        writer.create(collection().doc("new"), {}),
        writer.create(collection().doc("there"), {}),
        writer.set(collection().doc("other"), {}),
      ]);
      await writer.close();
      const states = (await outcomes).map((outcome) => outcome.status);
      expect(states).toEqual(["fulfilled", "rejected", "fulfilled"]);
    });

    spec("databases of one project are apart", async () => {
      const other = connect(started.address, { databaseId: "other" });
      await other.doc(`${prefix}c/d`).set({ in: "other" });
      expect((await collection().doc("d").get()).exists).toBe(false);
      expect((await other.doc(`${prefix}c/d`).get()).data()).toEqual({ in: "other" });
      await other.terminate();
    });

    spec("a listener on a document hears of its creation, change and deletion", async () => {
      const reference = collection().doc("d");
      const heard = new Heard();
      const unsubscribe = reference.onSnapshot((snapshot) => heard.add(snapshot.data()?.["x"]));
      await heard.until([undefined]);
      await reference.set({ x: 1 });
      await heard.until([undefined, 1]);
      await reference.set({ x: 2 });
      await heard.until([undefined, 1, 2]);
      await reference.delete();
      await heard.until([undefined, 1, 2, undefined]);
      unsubscribe();
    });

    spec("a listener on a query hears of what enters, changes and leaves its result", async () => {
      const c = collection();
      await c.doc("a").set({ x: 1 });
      const heard = new Heard();
      const query = c.where("x", ">", 0).orderBy("x").limit(2);
      const unsubscribe = query.onSnapshot((snapshot) =>
        heard.add(snapshot.docs.map((document) => document.id).join()),
      );
      await heard.until(["a"]);
      await c.doc("c").set({ x: 3 });
      await heard.until(["a", "a,c"]);
      await c.doc("b").set({ x: 2 });
      await heard.until(["a", "a,c", "a,b"]);
      await c.doc("a").set({ x: 0 });
      await heard.until(["a", "a,c", "a,b", "b,c"]);
      await c.doc("b").delete();
      await heard.until(["a", "a,c", "a,b", "b,c", "c"]);
      unsubscribe();
    });

    spec("a document over 1 MiB and bad ids are INVALID_ARGUMENT", async () => {
      const invalid = { code: codes.invalidArgument };
      const big = { x: Buffer.alloc(600_000), y: Buffer.alloc(600_000) };
      await expect(collection().doc("big").set(big)).rejects.toMatchObject(invalid);
      await expect(collection().doc("__x__").set({})).rejects.toMatchObject(invalid);
      await expect(collection().doc("x".repeat(1_501)).set({})).rejects.toMatchObject(invalid);
    });

    spec("a request of 9 MiB is taken, one over 10 MiB is INVALID_ARGUMENT", async () => {
      const megabytes = (count: number) => {
        const batch = firestore.batch();
        for (let i = 0; i < count; i++) {
          batch.set(collection().doc(`d${i}`), { bytes: Buffer.alloc(1_000_000) });
        }
        return batch.commit();
      };
      await expect(megabytes(9)).resolves.toHaveLength(9);
      await expect(megabytes(11)).rejects.toMatchObject({ code: codes.invalidArgument });
    });

    spec("a method that is not there is UNIMPLEMENTED", async () => {
      const partition = raw.partitionQuery({
        parent: `${database}/documents`,
        structuredQuery: { from: [{ collectionId: "c", allDescendants: true }] },
        partitionCount: 2,
      });
      await expect(partition).rejects.toMatchObject({ code: codes.unimplemented });
    });

    spec("the v1 client gets, creates, updates, lists and deletes single documents", async () => {
      const parent = `${database}/documents`;
      const collectionId = `${prefix}c`;
      const text = (stringValue: string) => ({ fields: { x: { stringValue } } });
      const document = fullName("c/d");
      const create = { parent, collectionId, documentId: "d", document: text("1") };
      await raw.createDocument(create);
      await expect(raw.createDocument(create)).rejects.toMatchObject({ code: codes.alreadyExists });
      await raw.updateDocument({ document: { name: document, ...text("2") } });
      const [got] = await raw.getDocument({ name: document });
      expect(got.fields?.["x"]?.stringValue).toBe("2");
      await raw.createDocument({ ...create, documentId: "e" });
      const pages: string[] = [];
      for await (const listed of raw.listDocumentsAsync({ parent, collectionId, pageSize: 1 })) {
        pages.push(listed.name ?? "");
      }
      expect(pages).toEqual([document, fullName("c/e")]);
      await raw.deleteDocument({ name: document });
      await expect(raw.getDocument({ name: document })).rejects.toMatchObject({
        code: codes.notFound,
      });
    });
  });
}

/** Returns a client of the Firestore at an address. */
export function connect(address: string, settings: FirebaseFirestore.Settings = {}): Firestore {
  // The client reads the variable in its constructor alone.
  process.env["FIRESTORE_EMULATOR_HOST"] = address;
  const firestore = new Firestore({ projectId, ...settings });
  delete process.env["FIRESTORE_EMULATOR_HOST"];
  return firestore;
}

/** Returns the generated v1 client of the Firestore at an address. */
export function connectRaw(address: string): InstanceType<typeof v1.FirestoreClient> {
  const [host = "", port = ""] = address.split(":");
  return new v1.FirestoreClient({
    projectId,
    servicePath: host,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  });
}

/** What a listener was told, in order. */
class Heard {
  readonly #values: unknown[] = [];
  #wake: () => void = () => {};

  add(value: unknown): void {
    this.#values.push(value);
    this.#wake();
  }

  /** Waits until as many have been heard, and expects them to be these. */
  async until(expected: readonly unknown[]): Promise<void> {
    while (this.#values.length < expected.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    expect(this.#values).toEqual(expected);
  }
}
