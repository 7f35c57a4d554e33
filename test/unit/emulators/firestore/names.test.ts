/**
 * Resource names: which are valid, and their order.
 */
import { expect, test } from "vitest";
import {
  compareNames,
  compareUtf8,
  parseDocumentName,
} from "../../../../emulators/firestore/names.ts";
import { name, root } from "./support.ts";

test("a document's name has its database, its collection and its id", () => {
  expect(parseDocumentName(name("a/b/c/d"))).toEqual({
    full: name("a/b/c/d"),
    database: "projects/p/databases/(default)",
    collection: name("a/b/c"),
    id: "d",
  });
});

test.each([
  ["a collection", name("a")],
  ["the root", root],
  ["an empty id", name("a//b/c")],
  ["a dot", name("a/.")],
  ["two dots", name("a/..")],
  ["a reserved id", name("a/__x__")],
  ["an id of 1,501 bytes", name(`a/${"x".repeat(1501)}`)],
  ["an id of 1,501 bytes in fewer characters", name(`a/${"é".repeat(751)}`)],
  ["no database", "a/b"],
])("%s is not the name of a document", (_what, text) => {
  expect(() => parseDocumentName(text)).toThrow("INVALID_ARGUMENT");
});

test("an id of 1,500 bytes is allowed", () => {
  expect(parseDocumentName(name(`a/${"x".repeat(1500)}`)).id).toHaveLength(1500);
});

test("strings are ordered by their UTF-8 bytes, so an emoji comes after U+FFFD", () => {
  expect(["😀", "\ufffd", "z", "é", ""].sort(compareUtf8)).toEqual(["", "z", "é", "\ufffd", "😀"]);
});

test("names are ordered id by id, so a document comes before what lies below and beside it", () => {
  const names = ["a/b", "a/b/c/d", "a/b!", "a/bc"];
  expect([...names].reverse().sort(compareNames)).toEqual(names);
});
