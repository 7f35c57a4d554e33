/**
 * The limits that a commit is refused by, and what lies just within them.
 */
import { expect, test } from "vitest";
import type { Write } from "../../../../emulators/firestore/wire.ts";
import { name, newWorld, set, value } from "./support.ts";

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { m: nested(levels - 1) };
}

test.each<[string, () => Write]>([
  [
    "a document over 1 MiB",
    () => set("a/b", { x: Buffer.alloc(600_000), y: Buffer.alloc(600_000) }),
  ],
  ["a field of more than 1,048,487 bytes", () => set("a/b", { x: Buffer.alloc(1_048_488) })],
  ["21 levels of maps", () => set("a/b", { x: nested(21) })],
  ["an array in an array", () => set("a/b", { x: [[1]] })],
  ["a field name of 1,501 bytes", () => set("a/b", { ["x".repeat(1_501)]: 1 })],
  ["an empty field name", () => set("a/b", { "": 1 })],
  ["a reserved field name", () => set("a/b", { m: { __x__: 1 } })],
  ["an integer of 65 bits", () => set("a/b", { x: 2n ** 63n })],
  ["40,001 index entries", () => set("a/b", { x: Array.from({ length: 40_001 }, () => 1) })],
  [
    "501 transforms of one document",
    () => ({
      update: { name: name("a/b"), fields: {} },
      updateTransforms: Array.from({ length: 501 }, () => ({
        fieldPath: "n",
        increment: value(1),
      })),
    }),
  ],
])("%s is refused", async (_what, write) => {
  const { commit } = newWorld();
  await expect(commit(write())).rejects.toThrow("INVALID_ARGUMENT");
});

test.each<[string, () => Write]>([
  ["a field of 1,048,400 bytes", () => set("a/b", { x: Buffer.alloc(1_048_400) })],
  ["20 levels of maps", () => set("a/b", { x: nested(20) })],
  ["an indexed string of 2,000 bytes", () => set("a/b", { x: "x".repeat(2_000) })],
  ["40,000 index entries", () => set("a/b", { x: Array.from({ length: 40_000 }, () => 1) })],
])("%s is taken", async (_what, write) => {
  const { commit } = newWorld();
  await expect(commit(write())).resolves.toBeDefined();
});

test("a transform can't build what nests too deep", async () => {
  const { commit } = newWorld();
  const fieldPath = Array.from({ length: 22 }, () => "m").join(".");
  const update = { name: name("a/b"), fields: {} };
  const write = { update, updateTransforms: [{ fieldPath, increment: value(1) }] };
  await expect(commit(write)).rejects.toThrow("INVALID_ARGUMENT");
});

test("exempt fields have no index entries", async () => {
  const { commit } = newWorld({ indexExemptFields: { heads: ["list"] } });
  const list = Array.from({ length: 50_000 }, () => 1);
  await expect(commit(set("heads/b", { list }))).resolves.toBeDefined();
  await expect(commit(set("other/b", { list }))).rejects.toThrow("INVALID_ARGUMENT");
});
