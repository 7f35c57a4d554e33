import { expect, test } from "vitest";
import { decodeKey, encodeKey, hashKey, keyCoder } from "../../../../sdk/coders/key-coder.ts";
import { meshErrorOf } from "../errors.ts";

// State is stored under these texts: a change here loses the state of every deployed pipeline.
test.each([
  ["sSFO", "SFO"],
  ["s", ""],
  ['j"\\ud800"', "\ud800"],
  ["n1", 1],
  ["s1", "1"],
  ["n0", -0],
  ["nNaN", Number.NaN],
  ["n1e+21", 1e21],
  ["z", null],
  ["u", undefined],
  ["t", true],
  ["f", false],
  ["i7", 7n],
  ["d5", new Date(5)],
  ["bAQ==", new Uint8Array([1])],
  ['j{"a":0,"b":1}', { b: 1, a: -0 }],
  ['j["x",null,{"$":"undefined"}]', ["x", null, undefined]],
  ['j{"$":"object","v":{"$":1}}', { $: 1 }],
])("there is a key with the text %s, and it keeps it", (text, key) => {
  expect(encodeKey(key)).toBe(text);
  expect(encodeKey(decodeKey(text))).toBe(text);
});

test.each([
  ["sSFO", 1270394794],
  ["n1", 2855225089],
  ["s", 550558746],
])("the hash of %s never changes", (text, hash) => {
  expect(hashKey(text)).toBe(hash);
});

test.each([
  ["a function", () => 1],
  ["a symbol inside", [Symbol("s")]],
  ["a Map, whose order would count", new Map()],
  ["a class instance", new URL("http://a.b")],
])("%s is no key", (_, key) => {
  expect(meshErrorOf(() => encodeKey(key)).code).toBe("ERR_KEY");
});

test("a cycle is no key", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  expect(meshErrorOf(() => encodeKey(loop)).code).toBe("ERR_KEY");
});

test.each(["", "?", "ix", "j{", 'j{"$":"no"}'])("the text %j is not a key's", (text) => {
  expect(meshErrorOf(() => decodeKey(text)).code).toBe("ERR_DECODE");
});

test("the coder of keys takes only texts", () => {
  expect(meshErrorOf(() => keyCoder.decode(1)).code).toBe("ERR_DECODE");
});

test("the keys of a range spread evenly over shards", () => {
  const shards = 16;
  const counts = new Array<number>(shards).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const shard = hashKey(encodeKey(i)) % shards;
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  // Of 1000 expected, five standard deviations.
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(155);
});
