/**
 * Values: their order, their size, their index entries.
 */
import { expect, test } from "vitest";
import { indexEntries } from "../../../../emulators/firestore/index-entries.ts";
import { compareValues, valuesEqual } from "../../../../emulators/firestore/value-order.ts";
import { documentBytes } from "../../../../emulators/firestore/value-size.ts";
import { doubleValue, type Value } from "../../../../emulators/firestore/wire.ts";
import { fields, name, reference, value } from "./support.ts";

const vector = (...elements: number[]): Value => value({ __type__: "__vector__", value: elements });
const timestamp = (seconds: string, nanos = 0): Value => ({
  valueType: "timestampValue",
  timestampValue: { seconds, nanos },
});
const geoPoint = (latitude: number, longitude: number): Value => ({
  valueType: "geoPointValue",
  geoPointValue: { latitude, longitude },
});

test("values of all types are in Firestore's order", () => {
  const ordered: Value[] = [
    value(null),
    value(false),
    value(true),
    doubleValue(Number.NaN),
    doubleValue(Number.NEGATIVE_INFINITY),
    value(-1),
    doubleValue(0.5),
    value(1),
    timestamp("-1"),
    timestamp("1"),
    timestamp("1", 1000),
    value(""),
    value("a"),
    value("é"),
    value(Buffer.from([0])),
    value(Buffer.from([255])),
    reference("a/b"),
    reference("a/c"),
    geoPoint(0, 0),
    geoPoint(0, 1),
    value([]),
    value([1]),
    value([1, 2]),
    value([2]),
    vector(9),
    vector(1, 2),
    value({}),
    value({ a: 1 }),
    value({ a: 1, b: 0 }),
    value({ a: 2 }),
    value({ b: 0 }),
  ];
  for (let i = 1; i < ordered.length; i++) {
    expect(compareValues(ordered[i - 1]!, ordered[i]!), `${i}`).toBeLessThan(0);
    expect(compareValues(ordered[i]!, ordered[i - 1]!), `${i}`).toBeGreaterThan(0);
  }
});

test("integers beyond 2^53 are compared exactly, also with doubles", () => {
  expect(compareValues(value(2n ** 53n + 1n), doubleValue(2 ** 53))).toBeGreaterThan(0);
  expect(compareValues(value(2n ** 62n + 1n), value(2n ** 62n))).toBeGreaterThan(0);
});

test("an integer equals the double of the same number, zero equals minus zero, NaN equals NaN", () => {
  expect(valuesEqual(value(1), doubleValue(1))).toBe(true);
  expect(valuesEqual(value(0), doubleValue(-0))).toBe(true);
  expect(valuesEqual(doubleValue(Number.NaN), doubleValue(Number.NaN))).toBe(true);
});

test("a document's size is the one that Firestore's page works out", () => {
  // users/jeff/tasks/my_task_id: 44 bytes of name, 71 of fields, 32 more.
  const task = fields({
    type: "Personal",
    done: false,
    priority: 1,
    description: "Learn Cloud Firestore",
  });
  expect(documentBytes(name("users/jeff/tasks/my_task_id"), task)).toBe(44 + 71 + 32);
});

test("a map's size has 32 bytes more than its fields, an array's is that of its elements", () => {
  const empty = documentBytes(name("a/b"), {});
  expect(documentBytes(name("a/b"), fields({ m: {} })) - empty).toBe(2 + 32);
  expect(documentBytes(name("a/b"), fields({ m: [true, "é"] })) - empty).toBe(2 + 1 + 3);
  expect(documentBytes(name("a/b"), { m: vector(1, 2) }) - empty).toBe(2 + 16);
});

test("index entries are two a field, one an element, and none for what is exempt", () => {
  const plain = fields({ a: 1, m: { x: "s", y: null }, list: [1, 2, 3] });
  expect(indexEntries(plain)).toBe(2 + 4 + 3);
  expect(indexEntries(plain, ["m.x"])).toBe(2 + 2 + 3);
  expect(indexEntries(plain, ["m"])).toBe(2 + 3);
  expect(indexEntries(plain, ["*"])).toBe(0);
});
