import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { firestoreNeeds } from "../../../../emulators/firestore/permissions.ts";
import { type Case, checkCase, database, needing, PolicyWorld, stage } from "./support.ts";

const parent = `${database}/documents`;
const name = `${parent}/c/known`;
const fields = { a: { integerValue: 1 } };
const created = { update: { name: `${parent}/c/new`, fields }, currentDocument: { exists: false } };
const updated = { update: { name, fields }, currentDocument: { exists: true } };
const query = { structuredQuery: { from: [{ collectionId: "c" }] } };

/** Rights on Firestore are given on the project: a database has no bindings of its own. */
const reads = (permission: string, call: Case["call"]): Case =>
  needing(permission, database, "datastore.viewer", call, { at: "projects/p" });
const writes = (permission: string, call: Case["call"]): Case =>
  needing(permission, database, "datastore.user", call, { at: "projects/p" });

/** The client asks again for a stream that was refused, after 1, 2 and 4 s: not here. */
const atOnce = { retryRequestOptions: { noResponseRetries: 0 } };

/** What comes as a stream, read to its end. */
async function drained(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  GetDocument: [
    reads("datastore.entities.get", ({ documents }) => documents.getDocument({ name })),
  ],
  BatchGetDocuments: [
    reads("datastore.entities.get", ({ documents }) =>
      drained(documents.batchGetDocuments({ database, documents: [name] }, atOnce)),
    ),
  ],
  RunQuery: [
    reads("datastore.entities.get", ({ documents }) =>
      drained(documents.runQuery({ parent, ...query }, atOnce)),
    ),
  ],
  RunAggregationQuery: [
    reads("datastore.entities.get", ({ documents }) =>
      drained(
        documents.runAggregationQuery(
          {
            parent,
            structuredAggregationQuery: { ...query, aggregations: [{ count: {}, alias: "n" }] },
          },
          atOnce,
        ),
      ),
    ),
  ],
  ListDocuments: [
    reads("datastore.entities.get", ({ documents }) =>
      documents.listDocuments({ parent, collectionId: "c" }),
    ),
  ],
  ListCollectionIds: [
    reads("datastore.entities.list", ({ documents }) => documents.listCollectionIds({ parent })),
  ],
  Commit: [
    writes("datastore.entities.create", ({ documents }) =>
      documents.commit({ database, writes: [created] }),
    ),
    writes("datastore.entities.update", ({ documents }) =>
      documents.commit({ database, writes: [updated] }),
    ),
    writes("datastore.entities.create", ({ documents }) =>
      documents.commit({ database, writes: [{ update: { name, fields } }] }),
    ),
    writes("datastore.entities.delete", ({ documents }) =>
      documents.commit({ database, writes: [{ delete: name }] }),
    ),
    reads("datastore.databases.get", ({ documents }) => documents.commit({ database })),
  ],
  BatchWrite: [
    writes("datastore.entities.create", ({ documents }) =>
      documents.batchWrite({ database, writes: [created] }),
    ),
  ],
  CreateDocument: [
    writes("datastore.entities.create", ({ documents }) =>
      documents.createDocument({ parent, collectionId: "c", document: { fields } }),
    ),
  ],
  UpdateDocument: [
    writes("datastore.entities.update", ({ documents }) =>
      documents.updateDocument({ document: { name, fields } }),
    ),
  ],
  DeleteDocument: [
    writes("datastore.entities.delete", ({ documents }) => documents.deleteDocument({ name })),
  ],
  BeginTransaction: [
    reads("datastore.databases.get", ({ documents }) => documents.beginTransaction({ database })),
  ],
  Rollback: [
    reads("datastore.databases.get", async ({ documents }) => {
      const transaction = Buffer.from("none");
      await documents.rollback({ database, transaction }).catch((error: { code: status }) => {
        if (error.code === status.PERMISSION_DENIED) throw error;
      });
    }),
  ],
};

async function withDocument(): Promise<PolicyWorld> {
  const rig = await PolicyWorld.start();
  await rig.deployer.documents.createDocument({
    parent,
    collectionId: "c",
    documentId: "known",
    document: { fields },
  });
  return rig;
}

describe("Firestore", () => {
  test("has a need for each of its calls", () => {
    expect([...Object.keys(cases), "Listen"].sort()).toEqual(Object.keys(firestoreNeeds).sort());
  });

  const numbered = Object.entries(cases).flatMap(([method, each]) =>
    each.map((one) => ({ method, ...one })),
  );
  test.each(numbered)("$method needs $permission", async (each) => {
    await using rig = await withDocument();
    await checkCase(rig, each);
  });

  test("lets a viewer read, and write nothing, by the ordinary client", async () => {
    await using rig = await withDocument();
    const { firestore } = await rig.as(stage);
    rig.policy.grant({ resource: "projects/p", role: "roles/datastore.viewer", member: stage });
    expect((await firestore.doc("c/known").get()).data()).toEqual({ a: 1 });
    const inTransaction = firestore.runTransaction(async (transaction) => {
      const { size } = await transaction.get(firestore.collection("c"));
      transaction.create(firestore.doc("c/next"), { size });
    });
    await expect(inTransaction).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      message: expect.stringContaining("'datastore.entities.create' denied on resource"),
    });
    expect((await rig.deployer.firestore.collection("c").get()).size).toBe(1);
  });

  test("Listen needs datastore.entities.get and .list", async () => {
    await using rig = await withDocument();
    const { documents } = await rig.as(stage);
    const addTarget = { targetId: 1, documents: { documents: [name] } };
    const first = (): Promise<unknown> => {
      const stream = documents.listen();
      return new Promise((resolve, reject) => {
        stream.on("error", reject);
        stream.on("data", ({ documentChange }) => {
          if (!documentChange) return;
          stream.end();
          resolve(documentChange.document.name);
        });
        stream.write({ database, addTarget });
      });
    };
    await expect(first()).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining("'datastore.entities.get' denied on resource"),
    });
    rig.policy.grant({ resource: "projects/p", role: "roles/datastore.viewer", member: stage });
    expect(await first()).toBe(name);
  });

  test("keeps a binding to the one database that its condition names", async () => {
    await using rig = await withDocument();
    const { documents } = await rig.as(stage);
    rig.policy.grant({
      resource: "projects/p",
      role: "roles/datastore.viewer",
      member: stage,
      condition: `resource.name == "${database}"`,
    });
    await documents.getDocument({ name });
    const elsewhere = name.replace("(default)", "other");
    await expect(documents.getDocument({ name: elsewhere })).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      message: expect.stringContaining("projects/p/databases/other"),
    });
  });

  test("answers a call that it does not have as ever", async () => {
    await using rig = await withDocument();
    const { documents } = await rig.as(stage);
    await expect(documents.partitionQuery({ parent, ...query })).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});
