import { expect, test } from "vitest";
import { anyCoder } from "../../../../sdk/coders/json-coder.ts";
import { meshErrorOf } from "../errors.ts";

class User {
  readonly name = "Ada";
}

test("what JSON has no word for is written as a tag", () => {
  const written = anyCoder.encode({
    none: undefined,
    nan: Number.NaN,
    minusZero: -0,
    big: 12n,
    at: new Date(0),
    never: new Date(Number.NaN),
    bytes: new Uint8Array([1, 2, 255]),
    map: new Map([["a", 1n]]),
    set: new Set([1]),
  });
  expect(written).toEqual({
    none: { $: "undefined" },
    nan: { $: "number", v: "NaN" },
    minusZero: { $: "number", v: "-0" },
    big: { $: "bigint", v: "12" },
    at: { $: "Date", v: 0 },
    never: { $: "Date", v: null },
    bytes: { $: "Uint8Array", v: "AQL/" },
    map: { $: "Map", v: [["a", { $: "bigint", v: "1" }]] },
    set: { $: "Set", v: [1] },
  });
});

test("a user's object that looks like a tag survives", () => {
  const value = { list: [{ $: "bigint", v: "12" }, { $: { $: undefined } }] };
  expect(anyCoder.decode(anyCoder.encode(value))).toStrictEqual(value);
});

test("only what holds a tagged value is copied", () => {
  const plain = { a: [1, 2] };
  const encoded = anyCoder.encode({ plain, at: new Date(0) }) as { plain: unknown };
  expect(encoded.plain).toBe(plain);
});

test("a field named __proto__ stays a field and changes no prototype", () => {
  const value: unknown = JSON.parse('{"__proto__":{"admin":true},"n":{"$":"bigint","v":"1"}}');
  const back = anyCoder.decode(value as never) as object;
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  expect(Object.hasOwn(back, "__proto__")).toBe(true);
});

test("many bytes are encoded without overflowing the stack", () => {
  const bytes = new Uint8Array(300_000).fill(7);
  expect(anyCoder.decode(anyCoder.encode(bytes))).toEqual(bytes);
});

test("a Buffer comes back as a Uint8Array", () => {
  expect(anyCoder.decode(anyCoder.encode(Buffer.from("hi")))).toEqual(new Uint8Array([104, 105]));
});

test.each([
  ["a class instance", { users: [{ it: new User() }] }, "value.users[0].it", "instance of User"],
  ["a function", { "a b": [() => 1] }, 'value["a b"][0]', "a function"],
  ["a symbol", new Map([["k", Symbol("s")]]), "value<value 0>", "a symbol"],
  ["a promise", [Promise.resolve(1)], "value[0]", "a Promise"],
  ["an array of a subclass", new (class Row extends Array {})(), "value", "instance of Row"],
])("%s is refused with its path in the value", (_, value, path, what) => {
  const error = meshErrorOf(() => anyCoder.encode(value));
  expect(error.code).toBe("ERR_ENCODE");
  expect(error.message).toContain(`${path} `);
  expect(error.message).toContain(what);
});

test("a cycle is refused with the path where it closes", () => {
  const parent: { child?: unknown } = {};
  parent.child = { parent };
  const error = meshErrorOf(() => anyCoder.encode(parent));
  expect(error.code).toBe("ERR_ENCODE");
  expect(error.message).toContain("value.child.parent to another stage: it is part of itself");
});

test("nesting deeper than 1000 is refused and does not overflow the stack", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 5_000; i++) deep = [deep];
  expect(meshErrorOf(() => anyCoder.encode(deep)).message).toContain("nested deeper than 1000");
});

test.each([
  ["an unknown tag", { $: "Widget" }],
  ["a tag that is a name of Object.prototype", { $: "constructor" }],
  ["a bigint that is no number", { $: "bigint", v: "x" }],
  ["a map that is no list", { $: "Map", v: 1 }],
  ["a broken tag inside of another", { $: "Set", v: [{ $: "Uint8Array", v: 3 }] }],
])("%s is refused as something that no encode wrote", (_, json) => {
  expect(meshErrorOf(() => anyCoder.decode(json as never)).code).toBe("ERR_DECODE");
});
