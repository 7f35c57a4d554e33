/**
 * The past: what a read time sees, and how long it is kept.
 */
import { expect, test } from "vitest";
import { toTimestamp } from "../../../../emulators/firestore/time.ts";
import { fields, newWorld, remove, set } from "./support.ts";

test("a read in the past sees each document as the last commit before it left it", async () => {
  const { commit, read, query } = newWorld();
  const first = await commit(set("a/b", { x: 1 }), set("a/c", { x: 1 }));
  const second = await commit(set("a/b", { x: 2 }), remove("a/c"), set("a/d", { x: 1 }));
  const then = { readTime: toTimestamp(first.commitMicros) };
  expect(read("a/b", then)).toEqual(fields({ x: 1 }));
  expect(read("a/d", then)).toBeUndefined();
  expect(query("a", {}, then)).toEqual(["a/b", "a/c"]);
  expect(query("a", {}, { readTime: toTimestamp(second.commitMicros) })).toEqual(["a/b", "a/d"]);
});

test("a commit is later than every read time given out before it", async () => {
  const { commit, database, read } = newWorld();
  await commit(set("a/b", { x: 1 }));
  const readTime = toTimestamp(database.view({}).reportedMicros);
  await commit(set("a/b", { x: 2 }));
  expect(read("a/b", { readTime })).toEqual(fields({ x: 1 }));
});

test("a read time in the future is INVALID_ARGUMENT, one before the history FAILED_PRECONDITION", async () => {
  const { commit, read, timers } = newWorld();
  const { commitMicros } = await commit(set("a/b", { x: 1 }));
  const ahead = { readTime: toTimestamp(commitMicros + 60_000_000) };
  expect(() => read("a/b", ahead)).toThrow("INVALID_ARGUMENT");
  timers.advance(60_001);
  const then = { readTime: toTimestamp(commitMicros) };
  expect(() => read("a/b", then)).toThrow("FAILED_PRECONDITION");
});

test("overwriting without end keeps only the versions of the last 60 seconds", async () => {
  const { commit, database, timers } = newWorld();
  for (let i = 0; i < 5_000; i++) {
    await commit(set("a/b", { i }));
    timers.advance(100);
  }
  expect(database.store.supersededCount).toBeLessThanOrEqual(601);
});

test("documents that come and go leave nothing behind after 60 seconds", async () => {
  const { commit, database, timers } = newWorld();
  for (let i = 0; i < 100; i++) {
    await commit(set(`heads/${i + 1}`, { i }), ...(i > 0 ? [remove(`heads/${i}`)] : []));
  }
  await commit(remove("heads/100"));
  timers.advance(60_001);
  await commit(set("other/x", {}));
  expect(database.store.supersededCount).toBe(0);
  expect([...database.store.collections()].map((collection) => collection.id)).toEqual(["other"]);
});

test("an open read-only transaction keeps its past, however long ago", async () => {
  const { commit, database, read, timers } = newWorld();
  await commit(set("a/b", { x: 1 }));
  const { id } = database.begin({ readOnly: {} });
  await commit(set("a/b", { x: 2 }));
  for (let i = 0; i < 4; i++) {
    timers.advance(50_000);
    await commit(set("a/c", { i }));
    expect(read("a/b", { transaction: id })).toEqual(fields({ x: 1 }));
  }
  database.rollback(id);
  timers.advance(60_001);
  await commit(set("a/c", {}));
  expect(database.store.supersededCount).toBe(1);
});

test("beyond the bytes that history may have, the oldest goes early and is refused, never wrong", async () => {
  const { commit, database, read } = newWorld({ historyBytesMax: 10_000 });
  const first = await commit(set("a/b", { x: Buffer.alloc(1_000) }));
  for (let i = 0; i < 100; i++) await commit(set("a/b", { i, x: Buffer.alloc(1_000) }));
  expect(database.store.supersededCount).toBeLessThan(11);
  const then = { readTime: toTimestamp(first.commitMicros) };
  expect(() => read("a/b", then)).toThrow("FAILED_PRECONDITION");
});
