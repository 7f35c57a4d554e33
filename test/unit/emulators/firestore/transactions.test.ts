/**
 * Transactions: locks, conflicts, and how each one ends.
 */
import { expect, test } from "vitest";
import { fields, newWorld, remove, set, value, where } from "./support.ts";

const readWrite = { newTransaction: { readWrite: {} } };

test("a write to a document that a transaction has read waits until the transaction ends", async () => {
  const { commit, commitIn, database, read } = newWorld();
  await commit(set("a/b", { x: 1 }));
  const { id } = database.begin({});
  read("a/b", { transaction: id });
  const waiting = commit(set("a/b", { x: 9 }));
  await commitIn(id, set("a/b", { x: 2 }));
  await waiting;
  expect(read("a/b")).toEqual(fields({ x: 9 }));
});

test("a waiting write is aborted at its lock deadline, and nothing is written", async () => {
  const { commit, database, read, timers, counts } = newWorld();
  const { id } = database.begin({});
  read("a/b", { transaction: id });
  const waiting = commit(set("a/b", { x: 9 }));
  timers.advance(2_000);
  await expect(waiting).rejects.toThrow("ABORTED");
  expect(read("a/b")).toBeUndefined();
  expect(counts.aborts).toBe(1);
});

test("a plain read never waits for a lock", async () => {
  const { commit, database, read } = newWorld();
  await commit(set("a/b", { x: 1 }));
  const { id } = database.begin({});
  read("a/b", { transaction: id });
  expect(read("a/b")).toEqual(fields({ x: 1 }));
});

test("of two transactions that read and write one document, the first to commit wins", async () => {
  const { commitIn, database, read } = newWorld();
  const first = database.begin({});
  const second = database.begin({});
  read("a/b", { transaction: first.id });
  read("a/b", { transaction: second.id });
  const winning = commitIn(first.id, set("a/b", { by: "first" }));
  await expect(commitIn(second.id, set("a/b", { by: "second" }))).rejects.toThrow("ABORTED");
  await winning;
  expect(read("a/b")).toEqual(fields({ by: "first" }));
});

test("a circle of three waiting transactions is broken by aborting the one that closes it", async () => {
  const { commitIn, database, read } = newWorld();
  const [a, b, c] = [database.begin({}), database.begin({}), database.begin({})];
  read("d/a", { transaction: a.id });
  read("d/b", { transaction: b.id });
  read("d/c", { transaction: c.id });
  const first = commitIn(a.id, set("d/b", {}));
  const second = commitIn(b.id, set("d/c", {}));
  await expect(commitIn(c.id, set("d/a", {}))).rejects.toThrow("ABORTED");
  await Promise.all([first, second]);
});

test("a missing document that was read is locked as well", async () => {
  const { commit, database, read, timers } = newWorld();
  const { id } = database.begin({});
  expect(read("a/b", { transaction: id })).toBeUndefined();
  const waiting = commit(set("a/b", {}));
  timers.advance(1_999);
  database.rollback(id);
  await expect(waiting).resolves.toBeDefined();
});

test("a transaction is aborted when a document appeared in the result of a query that it ran", async () => {
  const { commit, commitIn, database, query } = newWorld();
  const { id } = database.begin({});
  expect(query("a", where("x", "EQUAL", value(1)), { transaction: id })).toEqual([]);
  await commit(set("a/b", { x: 1 }));
  await expect(commitIn(id, set("c/d", {}))).rejects.toThrow("ABORTED");
});

test("an optimistic transaction commits when what it read is unchanged", async () => {
  const { commit, commitIn, database, read, query } = newWorld({ concurrency: "optimistic" });
  await commit(set("a/b", { x: 1 }));
  const { id } = database.begin({});
  read("a/b", { transaction: id });
  query("a", {}, { transaction: id });
  await commit(set("c/d", {}));
  await expect(commitIn(id, set("a/b", { x: 2 }))).resolves.toBeDefined();
});

test.each(["read", "query"])(
  "an optimistic transaction is aborted when a %s has changed",
  async (how) => {
    const { commit, commitIn, database, read, query } = newWorld({ concurrency: "optimistic" });
    await commit(set("a/b", { x: 1 }));
    const { id } = database.begin({});
    if (how === "read") read("a/b", { transaction: id });
    else query("a", {}, { transaction: id });
    await commit(remove("a/b"));
    await expect(commitIn(id, set("c/d", {}))).rejects.toThrow("ABORTED");
  },
);

test("a transaction may choose its own concurrency", async () => {
  const { commit, database, read } = newWorld();
  const { id } = database.begin({ readWrite: { concurrencyMode: "OPTIMISTIC" } });
  read("a/b", { transaction: id });
  await expect(commit(set("a/b", {}))).resolves.toBeDefined();
});

test("an abandoned transaction ends after 60 idle seconds, and lets go of its locks", async () => {
  const { commit, database, read, timers } = newWorld();
  const { id } = database.begin({});
  read("a/b", { transaction: id });
  timers.advance(59_999);
  const waiting = commit(set("a/b", {}));
  timers.advance(1);
  await expect(waiting).resolves.toBeDefined();
  expect(() => read("a/b", { transaction: id })).toThrow("transaction has expired");
});

test("a busy transaction ends after 270 seconds in all", () => {
  const { database, read, timers } = newWorld();
  const { id } = database.begin({});
  for (let i = 0; i < 5; i++) {
    timers.advance(50_000);
    read("a/b", { transaction: id });
  }
  timers.advance(20_000);
  expect(() => read("a/b", { transaction: id })).toThrow("INVALID_ARGUMENT");
  expect(timers.pendingCount).toBe(0);
});

test("a commit ends its transaction, also when it fails", async () => {
  const { commitIn, database, timers } = newWorld();
  const { id } = database.begin({});
  await expect(commitIn(id, remove("a/b", { exists: true }))).rejects.toThrow("NOT_FOUND");
  expect(database.transactions.openCount).toBe(0);
  expect(timers.pendingCount).toBe(0);
});

test("a rollback may come twice, and after the commit", async () => {
  const { commitIn, database } = newWorld();
  const { id } = database.begin({});
  await commitIn(id);
  database.rollback(id);
  database.rollback(id);
});

test("a read-only transaction can't write", async () => {
  const { commitIn, database } = newWorld();
  const { id } = database.begin({ readOnly: {} });
  await expect(commitIn(id, set("a/b", {}))).rejects.toThrow("INVALID_ARGUMENT");
});

test("a read can open the transaction that it belongs to", () => {
  const { database } = newWorld();
  const view = database.view(readWrite);
  expect(view.isNewTransaction).toBe(true);
  expect(database.transactions.openCount).toBe(1);
  database.stop();
  expect(database.transactions.openCount).toBe(0);
});

test("stopping refuses the commits that wait", async () => {
  const { commit, database, read } = newWorld();
  read("a/b", { transaction: database.begin({}).id });
  const waiting = commit(set("a/b", {}));
  database.stop();
  await expect(waiting).rejects.toThrow("UNAVAILABLE");
});
