/**
 * The conformance suite over the embedded Firestore, and what only the embedded one has.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { Faults } from "../../emulators/faults.ts";
import {
  type FirestoreServer,
  type FirestoreServerOptions,
  startFirestore,
} from "../../emulators/firestore/index.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import { connect, connectRaw, database, firestoreSuite } from "./firestore.suite.ts";

firestoreSuite({ name: "embedded", start: () => startFirestore() });
firestoreSuite({
  name: "embedded, optimistic",
  start: () => startFirestore({ concurrency: "optimistic" }),
});

async function withServer(
  options: FirestoreServerOptions,
  work: (firestore: ReturnType<typeof connect>, server: FirestoreServer) => Promise<void>,
): Promise<void> {
  const server = await startFirestore(options);
  const firestore = connect(server.address);
  try {
    await work(firestore, server);
  } finally {
    await firestore.terminate();
    await server.stop();
  }
}

test("a taken port is ERR_PORT_IN_USE, and the message says what to do", async () => {
  await withServer({}, async (_firestore, server) => {
    const port = Number(server.address.split(":")[1]);
    const error = await startFirestore({ port }).catch((caught: unknown) => caught);
    expect(isMeshError(error) && error.code).toBe("ERR_PORT_IN_USE");
    expect(String(error)).toContain("ask for another port");
  });
});

test("a commit whose answer is lost was applied all the same", async () => {
  const faults = new Faults();
  await withServer({ faults }, async (firestore) => {
    faults.inject("Commit", { kind: "loseAnswer", code: status.DATA_LOSS });
    await expect(firestore.doc("a/b").set({ x: 1 })).rejects.toMatchObject({
      code: status.DATA_LOSS,
    });
    expect((await firestore.doc("a/b").get()).data()).toEqual({ x: 1 });
  });
});

test("a refused commit is tried again by the client, and applied once", async () => {
  const faults = new Faults();
  await withServer({ faults }, async (firestore, server) => {
    faults.inject("Commit", { kind: "refuse", code: status.UNAVAILABLE });
    await firestore.doc("a/b").set({ x: 1 });
    expect(server.counts.commits).toBe(1);
  });
});

test("the counters are the bill: reads, writes, deletes, missing documents, empty queries", async () => {
  await withServer({}, async (firestore, server) => {
    await firestore.doc("a/b").set({ x: 1 });
    await firestore.doc("a/b").get();
    await firestore.doc("a/missing").get();
    await firestore.collection("a").get();
    await firestore.collection("empty").get();
    await firestore.collection("a").count().get();
    await firestore.doc("a/b").delete();
    expect(server.counts).toMatchObject({
      documentReads: 5,
      documentWrites: 1,
      documentDeletes: 1,
      commits: 2,
      queries: 3,
      aborts: 0,
    });
  });
});

test("documents survive a restart in the folder that they persist in", async () => {
  const persistFolder = mkdtempSync(join(tmpdir(), "tidemark-firestore-"));
  await withServer({ persistFolder }, async (firestore) => {
    await firestore.doc("a/b").set({ bytes: Buffer.from("kept") });
  });
  await withServer({ persistFolder }, async (firestore) => {
    expect((await firestore.doc("a/b").get()).data()).toEqual({ bytes: Buffer.from("kept") });
  });
  rmSync(persistFolder, { recursive: true });
});

test("stopping ends open listeners with UNAVAILABLE and leaves the port free", async () => {
  const server = await startFirestore();
  const raw = connectRaw(server.address);
  const stream = raw.listen();
  const name = `${database}/documents/a/b`;
  stream.write({ database, addTarget: { targetId: 1, documents: { documents: [name] } } });
  await once(stream, "data");
  const ended = once(stream, "error");
  await server.stop();
  expect(await ended).toMatchObject([{ code: status.UNAVAILABLE }]);
  const again = await startFirestore({ port: Number(server.address.split(":")[1]) });
  await again.stop();
  await raw.close();
});

test("a resumed target is reset and shown in full, and a bad one ends alone", async () => {
  await withServer({}, async (firestore, server) => {
    await firestore.doc("a/b").set({ x: 1 });
    const raw = connectRaw(server.address);
    const stream = raw.listen();
    const heard: string[] = [];
    const quiet = new Promise<void>((resolve) => {
      stream.on("data", (response) => {
        const change = response.targetChange;
        heard.push(
          change ? `${change.targetChangeType} ${change.targetIds}` : response.responseType,
        );
        if (change?.targetChangeType === "NO_CHANGE") resolve();
      });
    });
    const query = (collectionId: string) => ({
      parent: `${database}/documents`,
      structuredQuery: { from: [{ collectionId }] },
    });
    stream.write({ database, addTarget: { targetId: 7, query: query("__bad__") } });
    const resumeToken = Buffer.from("token");
    stream.write({ database, addTarget: { targetId: 8, query: query("a"), resumeToken } });
    await quiet;
    const ended = once(stream, "end");
    stream.end();
    await ended;
    expect(heard).toEqual([
      "REMOVE 7",
      "ADD 8",
      "RESET 8",
      "documentChange",
      "CURRENT 8",
      "NO_CHANGE ",
    ]);
    await raw.close();
  });
});
