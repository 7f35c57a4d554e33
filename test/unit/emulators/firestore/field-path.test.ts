/**
 * Field paths: reading them, and changing what they name.
 */
import { expect, test } from "vitest";
import { getField, parseFieldPath, withField } from "../../../../emulators/firestore/field-path.ts";
import { fields, value } from "./support.ts";

test.each([
  ["a", ["a"]],
  ["a.b_1.c", ["a", "b_1", "c"]],
  ["`a.b`.c", ["a.b", "c"]],
  ["a.`x\\`y`", ["a", "x`y"]],
  ["`0`", ["0"]],
])("the path %s names %j", (text, names) => {
  expect(parseFieldPath(text)).toEqual(names);
});

test.each(["", "a.", ".a", "a..b", "0", "`a", "a-b", "__x__"])("%j is not a field path", (text) => {
  expect(() => parseFieldPath(text)).toThrow("INVALID_ARGUMENT");
});

test("setting below a field that is no map replaces it by one", () => {
  expect(withField(fields({ a: 1 }), ["a", "b"], value(2))).toEqual(fields({ a: { b: 2 } }));
});

test("deleting below a field that is no map deletes nothing", () => {
  expect(withField(fields({ a: 1 }), ["a", "b"], undefined)).toEqual(fields({ a: 1 }));
});

test("setting a field leaves the fields that were given as they are", () => {
  const before = fields({ a: { b: 1 } });
  withField(before, ["a", "b"], value(2));
  expect(getField(before, ["a", "b"])).toEqual(value(1));
});
