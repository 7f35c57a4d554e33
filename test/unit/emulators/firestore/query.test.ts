/**
 * Queries: filters, orders, cursors, ranges, aggregations.
 */
import { expect, test } from "vitest";
import { aggregate } from "../../../../emulators/firestore/aggregation.ts";
import { planQuery } from "../../../../emulators/firestore/query/plan.ts";
import { project } from "../../../../emulators/firestore/query/projection.ts";
import {
  doubleValue,
  type StructuredQuery,
  type Value,
  type WireFilter,
} from "../../../../emulators/firestore/wire.ts";
import {
  fields,
  name,
  newWorld,
  reference,
  remove,
  root,
  set,
  value,
  type World,
  where,
} from "./support.ts";

async function worldOf(documents: Record<string, Record<string, unknown>>): Promise<World> {
  const world = newWorld();
  await world.commit(...Object.entries(documents).map(([path, plain]) => set(path, plain)));
  return world;
}

const orderBy = (fieldPath: string, direction = "ASCENDING"): StructuredQuery => ({
  orderBy: [{ field: { fieldPath }, direction }],
});

const mixed = {
  "c/null": { v: null },
  "c/true": { v: true },
  "c/one": { v: 1 },
  "c/two": { v: 2 },
  "c/text": { v: "a" },
  "c/list": { v: [1, "a"] },
  "c/without": { w: 1 },
};

test.each<[string, string, Value, string[]]>([
  ["matches only its own type", "LESS_THAN", value(2), ["one"]],
  ["includes the operand", "LESS_THAN_OR_EQUAL", value(2), ["one", "two"]],
  ["matches greater ones", "GREATER_THAN", value(1), ["two"]],
  ["matches greater or equal ones", "GREATER_THAN_OR_EQUAL", value(1), ["one", "two"]],
  ["matches a double equal to an integer", "EQUAL", doubleValue(1), ["one"]],
  ["leaves out null and missing fields", "NOT_EQUAL", value(1), ["true", "two", "text", "list"]],
  ["matches any of its values", "IN", value([1, "a"]), ["one", "text"]],
  ["matches none of its values", "NOT_IN", value([1, "a"]), ["true", "two", "list"]],
  ["with null matches nothing", "NOT_IN", value([null]), []],
  ["looks into arrays", "ARRAY_CONTAINS", value("a"), ["list"]],
  ["looks for any in arrays", "ARRAY_CONTAINS_ANY", value([7, 1]), ["list"]],
])("the filter %s (%s)", async (_what, op, operand, expected) => {
  const { query } = await worldOf(mixed);
  const ids = query("c", where("v", op, operand)).map((path) => path.slice(2));
  expect(ids.sort()).toEqual([...expected].sort());
});

test("unary filters tell null, not null, NaN and not NaN", async () => {
  const { query, commit } = await worldOf(mixed);
  await commit({ update: { name: name("c/nan"), fields: { v: doubleValue(Number.NaN) } } });
  const unary = (op: string) =>
    query("c", { where: { unaryFilter: { op, field: { fieldPath: "v" } } } });
  expect(unary("IS_NULL")).toEqual(["c/null"]);
  expect(unary("IS_NAN")).toEqual(["c/nan"]);
  expect(unary("IS_NOT_NULL")).toHaveLength(6);
  expect(unary("IS_NOT_NAN")).toHaveLength(5);
});

test("AND and OR nest", async () => {
  const { query } = await worldOf({
    "c/1": { a: 1, b: 1 },
    "c/2": { a: 1, b: 2 },
    "c/3": { a: 2 },
  });
  const equal = (fieldPath: string, operand: number): WireFilter => ({
    fieldFilter: { field: { fieldPath }, op: "EQUAL", value: value(operand) },
  });
  const both = { compositeFilter: { op: "AND", filters: [equal("a", 1), equal("b", 2)] } };
  const either = { compositeFilter: { op: "OR", filters: [both, equal("a", 2)] } };
  expect(query("c", { where: either })).toEqual(["c/2", "c/3"]);
});

test("documents without a field that the query orders by are left out", async () => {
  const { query } = await worldOf(mixed);
  expect(query("c", orderBy("v"))).toEqual(
    ["null", "true", "one", "two", "text", "list"].map((id) => `c/${id}`),
  );
});

test("an inequality orders by its field, then by name in the same direction", async () => {
  const { query } = await worldOf({ "c/a": { v: 2 }, "c/b": { v: 1 }, "c/c": { v: 1 } });
  expect(query("c", where("v", "GREATER_THAN", value(0)))).toEqual(["c/b", "c/c", "c/a"]);
  expect(query("c", orderBy("v", "DESCENDING"))).toEqual(["c/a", "c/c", "c/b"]);
});

test("cursors start at, start after, end before and end at a position", async () => {
  const { query } = await worldOf({ "c/a": { v: 1 }, "c/b": { v: 2 }, "c/c": { v: 3 } });
  const at = (before: boolean) => ({ values: [value(2)], before });
  const run = (cursors: StructuredQuery) => query("c", { ...orderBy("v"), ...cursors });
  expect(run({ startAt: at(true) })).toEqual(["c/b", "c/c"]);
  expect(run({ startAt: at(false) })).toEqual(["c/c"]);
  expect(run({ endAt: at(true) })).toEqual(["c/a"]);
  expect(run({ endAt: at(false) })).toEqual(["c/a", "c/b"]);
  expect(() => run({ startAt: { values: [value(1), value(1), value(1)] } })).toThrow(
    "INVALID_ARGUMENT",
  );
});

test("offset skips, limit stops", async () => {
  const { query } = await worldOf({ "c/a": {}, "c/b": {}, "c/c": {}, "c/d": {} });
  expect(query("c", { offset: 1, limit: { value: 2 } })).toEqual(["c/b", "c/c"]);
});

test("a range of names reads the documents of the range alone, from either end", async () => {
  const { query, commit } = await worldOf({});
  const ids = Array.from({ length: 1_000 }, (_, i) => String(i).padStart(4, "0"));
  await commit(...ids.map((id) => set(`c/${id}`, {})));
  const bound = (op: string, id: string): WireFilter => ({
    fieldFilter: { field: { fieldPath: "__name__" }, op, value: reference(`c/${id}`) },
  });
  const filters = [bound("GREATER_THAN_OR_EQUAL", "0500"), bound("LESS_THAN", "0510")];
  const range = { where: { compositeFilter: { op: "AND", filters } }, limit: { value: 1 } };
  expect(query("c", range)).toEqual(["c/0500"]);
  expect(query("c", { ...range, ...orderBy("__name__", "DESCENDING") })).toEqual(["c/0509"]);
  await commit(remove("c/0500"));
  expect(query("c", range)).toEqual(["c/0501"]);
});

test("names are compared with names alone", async () => {
  const { query } = await worldOf({});
  expect(() => query("c", where("__name__", "EQUAL", value("x")))).toThrow("INVALID_ARGUMENT");
});

test("a collection group has the collections of one id at any depth below the parent", async () => {
  const { database } = await worldOf({ "c/a": {}, "x/y/c/b": {}, "x/y/z/w": {}, "x/cc": {} });
  const run = (parent: string) => {
    const plan = planQuery(parent, { from: [{ collectionId: "c", allDescendants: true }] });
    const { documents } = database.query(database.view({}), plan);
    return documents.map((document) => document.name);
  };
  expect(run(root)).toEqual([name("c/a"), name("x/y/c/b")]);
  expect(run(name("x/y"))).toEqual([name("x/y/c/b")]);
});

test("a query sees just the documents that exist, in order, whatever came and went", async () => {
  const { query, commit } = await worldOf({});
  const expected = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const path = `c/${(i * 7919) % 101}`;
    if (expected.has(path)) {
      await commit(remove(path));
      expected.delete(path);
    } else {
      await commit(set(path, { i }));
      expected.add(path);
    }
    if (i % 10 === 0) expect(query("c")).toEqual([...expected].sort());
  }
});

test("aggregations count, sum and average the numbers", async () => {
  const { database } = await worldOf({
    "c/a": { v: 1 },
    "c/b": { v: 2n ** 60n },
    "c/c": { v: "x" },
  });
  const plan = planQuery(root, { from: [{ collectionId: "c" }] });
  const { documents } = database.query(database.view({}), plan);
  const field = { fieldPath: "v" };
  const results = aggregate(documents, [
    { alias: "n", count: {} },
    { alias: "two", count: { upTo: { value: "2" } } },
    { alias: "s", sum: { field } },
    { alias: "a", avg: { field } },
  ]);
  expect(results).toEqual({
    n: value(3),
    two: value(2),
    s: value(2n ** 60n + 1n),
    a: doubleValue(Number(2n ** 60n + 1n) / 2),
  });
  expect(aggregate([], [{ avg: { field } }])).toEqual({ field_1: value(null) });
});

test("a projection keeps the fields that it names; of __name__ alone none are left", () => {
  const all = fields({ a: 1, m: { x: 1, y: 2 } });
  expect(project(all, [["m", "x"], ["missing"]])).toEqual(fields({ m: { x: 1 } }));
  expect(project(all, [["__name__"]])).toEqual({});
  expect(project(all, undefined)).toBe(all);
});
