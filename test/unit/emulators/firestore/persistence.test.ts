/**
 * The log of commits: what survives a restart, and a crash.
 */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCommitLog } from "../../../../emulators/firestore/persistence.ts";
import { fields, newWorld, remove, set, type World } from "./support.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-firestore-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function session(work: (world: World) => Promise<void>): Promise<void> {
  const log = openCommitLog(folder);
  const world = newWorld({ log });
  for (const document of log.restored()) world.database.store.restore(document);
  try {
    await work(world);
  } finally {
    log.close();
  }
}

const file = () => join(folder, "firestore.log");

test("documents survive a restart with their contents and times, and deleted ones stay so", async () => {
  let before: unknown;
  await session(async ({ commit, database }) => {
    await commit(set("a/b", { x: 1, bytes: Buffer.from("12") }), set("a/c", {}));
    await commit(remove("a/c"));
    before = database.store.get("projects/p/databases/(default)/documents/a/b");
  });
  await session(async ({ database, query }) => {
    expect(query("a")).toEqual(["a/b"]);
    const after = database.store.get("projects/p/databases/(default)/documents/a/b");
    expect(after).toEqual(before);
    expect(after?.fields["bytes"]).toMatchObject({ bytesValue: Buffer.from("12") });
  });
});

test("commit times go on after a restart, and the past before it is refused", async () => {
  let first = 0;
  await session(async ({ commit }) => {
    for (let i = 0; i < 10; i++) first = (await commit(set("a/b", { i }))).commitMicros;
  });
  await session(async ({ commit, read }) => {
    expect((await commit(set("a/b", { i: 10 }))).commitMicros).toBeGreaterThan(first);
    const readTime = { seconds: String(Math.floor(first / 1e6) - 1), nanos: 0 };
    expect(() => read("a/b", { readTime })).toThrow("FAILED_PRECONDITION");
  });
});

test("a torn last record is dropped, and what was before it is kept", async () => {
  await session(async ({ commit }) => {
    await commit(set("a/b", { x: 1 }));
    await commit(set("a/c", { x: "second" }));
  });
  writeFileSync(file(), readFileSync(file()).subarray(0, -3));
  await session(async ({ query, commit }) => {
    expect(query("a")).toEqual(["a/b"]);
    await commit(set("a/d", {}));
  });
  await session(async ({ query }) => expect(query("a")).toEqual(["a/b", "a/d"]));
});

test("rubbish behind the last record is dropped", async () => {
  await session(async ({ commit }) => void (await commit(set("a/b", { x: 1 }))));
  appendFileSync(file(), Buffer.from([4, 0, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9]));
  await session(async ({ read }) => expect(read("a/b")).toEqual(fields({ x: 1 })));
});

test("opening the log brings it down to what is there now", async () => {
  await session(async ({ commit }) => {
    for (let i = 0; i < 200; i++) await commit(set("a/b", { i, text: "x".repeat(100) }));
  });
  const fullBytes = statSync(file()).size;
  await session(async () => {});
  expect(statSync(file()).size).toBeLessThan(fullBytes / 100);
});

test("a log that is written to without end stays small, and loses nothing", async () => {
  const log = openCommitLog(folder, 20_000);
  const { commit } = newWorld({ log });
  await commit(set("a/kept", { x: 1 }));
  for (let i = 0; i < 500; i++) await commit(set("a/b", { i, text: "x".repeat(1_000) }));
  log.close();
  expect(statSync(file()).size).toBeLessThan(25_000);
  await session(async ({ read }) => {
    expect(read("a/kept")).toEqual(fields({ x: 1 }));
    expect(read("a/b")).toMatchObject(fields({ i: 499 }));
  });
});
