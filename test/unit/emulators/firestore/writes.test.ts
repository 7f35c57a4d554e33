/**
 * Writes: preconditions, masks, transforms, and what a commit comes to.
 */
import { expect, test } from "vitest";
import { toTimestamp } from "../../../../emulators/firestore/time.ts";
import {
  doubleValue,
  type FieldTransform,
  type Value,
  type Write,
} from "../../../../emulators/firestore/wire.ts";
import { fields, name, newWorld, remove, set, value } from "./support.ts";

function transform(path: string, ...updateTransforms: FieldTransform[]): Write {
  return {
    update: { name: name(path), fields: {} },
    updateMask: { fieldPaths: [] },
    updateTransforms,
  };
}

test("commit times increase strictly while the clock stands still", async () => {
  const { commit } = newWorld();
  const first = await commit(set("a/b", { x: 1 }));
  const second = await commit(set("a/b", { x: 2 }));
  expect(second.commitMicros).toBe(first.commitMicros + 1);
});

test("a commit whose last write fails has done nothing", async () => {
  const { commit, read, counts } = newWorld();
  const failing = commit(set("a/b", { x: 1 }), remove("a/missing", { exists: true }));
  await expect(failing).rejects.toThrow("NOT_FOUND");
  expect(read("a/b")).toBeUndefined();
  expect(counts).toMatchObject({ commits: 0, documentWrites: 0, documentDeletes: 0 });
});

test.each<[string, string, Write]>([
  ["creating what exists", "ALREADY_EXISTS", set("a/here", {}, { exists: false })],
  ["updating what is missing", "NOT_FOUND", set("a/missing", {}, { exists: true })],
  ["deleting what is missing", "NOT_FOUND", remove("a/missing", { exists: true })],
  ["an older update time", "FAILED_PRECONDITION", remove("a/here", { updateTime: toTimestamp(5) })],
  [
    "an update time of what is missing",
    "FAILED_PRECONDITION",
    set("a/missing", {}, { updateTime: toTimestamp(5) }),
  ],
  ["an empty write", "INVALID_ARGUMENT", {}],
  [
    "a write to another database",
    "INVALID_ARGUMENT",
    { delete: "projects/p/databases/x/documents/a/b" },
  ],
])("%s is answered with %s", async (_what, code, write) => {
  const { commit } = newWorld();
  await commit(set("a/here", { x: 1 }));
  await expect(commit(write)).rejects.toThrow(code);
});

test("writes of one commit to one document are applied in order, each seeing the one before", async () => {
  const { commit, read } = newWorld();
  await commit(
    set("a/b", { x: 1 }, { exists: false }),
    remove("a/b", { exists: true }),
    set("a/b", { x: 2 }),
  );
  expect(read("a/b")).toEqual(fields({ x: 2 }));
});

test("one commit can't create a document twice", async () => {
  const { commit } = newWorld();
  const create = () => set("a/b", {}, { exists: false });
  await expect(commit(create(), create())).rejects.toThrow("INVALID_ARGUMENT");
});

test("a mask sets the fields that it names, deletes those the write lacks, and keeps the rest", async () => {
  const { commit, read } = newWorld();
  await commit(set("a/b", { keep: 1, gone: 2, m: { x: 1, y: 2 } }));
  const update = { name: name("a/b"), fields: fields({ m: { x: 9 }, ignored: 1 }) };
  await commit({ update, updateMask: { fieldPaths: ["gone", "m.x"] } });
  expect(read("a/b")).toEqual(fields({ keep: 1, m: { x: 9, y: 2 } }));
});

test("a write that changes nothing keeps the update time, and still counts", async () => {
  const { commit, counts } = newWorld();
  const bytes = Buffer.from("same");
  const first = await commit(set("a/b", { bytes }));
  const second = await commit(set("a/b", { bytes: Buffer.from("same") }));
  expect(second.results[0]?.updateTime).toEqual(first.results[0]?.updateTime);
  expect(second.commitMicros).toBeGreaterThan(first.commitMicros);
  expect(counts.documentWrites).toBe(2);
});

test("an integer and the double of the same number are different contents", async () => {
  const { commit, read } = newWorld();
  await commit(set("a/b", { x: 1 }));
  await commit({ update: { name: name("a/b"), fields: { x: doubleValue(1) } } });
  expect(read("a/b")).toEqual({ x: doubleValue(1) });
});

test("an identical delete and create in one commit gives the document a new create time", async () => {
  const { commit, database } = newWorld();
  await commit(set("a/b", { x: 1 }));
  const { commitMicros } = await commit(remove("a/b"), set("a/b", { x: 1 }));
  expect(database.store.get(name("a/b"))?.createMicros).toBe(commitMicros);
});

test.each<[string, unknown, FieldTransform, Value]>([
  ["integers add up", 5, { increment: value(2) }, value(7)],
  ["integers keep 64 bits", 2n ** 60n, { increment: value(1) }, value(2n ** 60n + 1n)],
  ["integers saturate", 2n ** 63n - 1n, { increment: value(1) }, value(2n ** 63n - 1n)],
  ["a double makes a double", 1, { increment: value(0.5) }, doubleValue(1.5)],
  ["incrementing text sets the operand", "x", { increment: value(3) }, value(3)],
  ["the maximum of equal numbers keeps the stored type", 3, { maximum: doubleValue(3) }, value(3)],
  ["the maximum is the greater", 3, { maximum: value(4) }, value(4)],
  ["the minimum is the smaller", 3, { minimum: value(2) }, value(2)],
])("%s", async (_what, stored, operation, expected) => {
  const { commit, read } = newWorld();
  await commit(set("a/b", { x: stored }));
  const result = await commit(transform("a/b", { fieldPath: "x", ...operation }));
  expect(read("a/b")).toEqual({ x: expected });
  expect(result.results[0]?.transformResults).toEqual([expected]);
});

test("array transforms append what is missing, remove what is there, and answer null", async () => {
  const { commit, read } = newWorld();
  await commit(set("a/b", { x: [1, 2] }));
  const result = await commit(
    transform(
      "a/b",
      { fieldPath: "x", appendMissingElements: { values: [doubleValue(2), value(3), value(3)] } },
      { fieldPath: "x", removeAllFromArray: { values: [value(1)] } },
    ),
  );
  expect(read("a/b")).toEqual(fields({ x: [2, 3] }));
  expect(result.results[0]?.transformResults).toEqual([value(null), value(null)]);
});

test("the server's time is the same for all documents of a commit, in whole milliseconds", async () => {
  const { commit, read, timers } = newWorld();
  await commit(set("a/first", {}));
  const now = { fieldPath: "t", setToServerValue: "REQUEST_TIME" };
  await commit(transform("a/b", now), transform("a/c", now));
  expect(read("a/b")).toEqual(read("a/c"));
  expect(read("a/b")?.["t"]).toEqual({
    valueType: "timestampValue",
    timestampValue: toTimestamp(timers.nowMs() * 1_000),
  });
});

test("a stored timestamp is rounded down to microseconds", async () => {
  const { commit, read } = newWorld();
  const t: Value = { valueType: "timestampValue", timestampValue: { seconds: "7", nanos: 1_999 } };
  await commit({ update: { name: name("a/b"), fields: { t } } });
  expect(read("a/b")?.["t"]).toMatchObject({ timestampValue: { seconds: "7", nanos: 1_000 } });
});

test("a small value does not keep the large buffer that it came in", async () => {
  const { commit, read } = newWorld();
  const request = Buffer.alloc(1_000_000);
  await commit(set("a/b", { small: request.subarray(0, 10), large: request.subarray(0, 500_000) }));
  const stored = read("a/b");
  const small = stored?.["small"];
  const large = stored?.["large"];
  expect(small?.valueType === "bytesValue" && small.bytesValue.buffer.byteLength).toBe(10);
  expect(large?.valueType === "bytesValue" && large.bytesValue.buffer).toBe(request.buffer);
});

test("the exact counters are those of the bill", async () => {
  const { commit, counts } = newWorld();
  await commit(set("a/b", { x: "1234567" }));
  await commit(remove("a/b"), set("a/c", {}), remove("a/none"));
  // Names a/b and a/c have 20 bytes each, documents 32 more; the field has 2 + 8.
  expect(counts).toMatchObject({
    commits: 2,
    documentWrites: 2,
    documentDeletes: 2,
    writtenBytes: 52 + 10 + 52,
  });
});
