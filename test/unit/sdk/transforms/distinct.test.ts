/** distinct, distinctBy, countPerElement: equal elements of a window meet. */
import { expect, test } from "vitest";
import {
  afterCount,
  afterWatermark,
  countPerElement,
  distinct,
  distinctBy,
  fixedWindows,
  kv,
  type WindowOptions,
} from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES, timedTopic } from "../../../support/elements.ts";

test("each different element comes once for each window, equal by value", async () => {
  const { out, sorted } = await elementsOf(
    (p) =>
      p
        .create(
          [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
            { a: 1, b: 3 },
          ].flatMap((v) => [
            { v, at: 1 },
            { v, at: 2 },
            { v, at: 11 },
          ]),
          { timestamp: ({ at }) => at },
        )
        .map(({ v }) => v)
        .windowInto(fixedWindows(10))
        .apply(distinct()),
    SMALL_BUNDLES,
  );
  expect(sorted).toEqual([
    { a: 1, b: 2 },
    { a: 1, b: 2 },
    { a: 1, b: 3 },
    { a: 1, b: 3 },
  ]);
  expect(out.filter(({ window }) => window.start === 0)).toHaveLength(2);
});

test("distinctBy gives one element, whole, for each different value", async () => {
  const orders = [
    { id: 1, line: "a" },
    { id: 1, line: "b" },
    { id: 2, line: "c" },
  ];
  const { sorted } = await elementsOf(
    (p) => p.create(orders).apply(distinctBy(({ id }) => id)),
    SMALL_BUNDLES,
  );
  expect(sorted.map(({ id }) => id)).toEqual([1, 2]);
  for (const one of sorted) expect(orders).toContainEqual(one);
});

test("of nothing there is nothing", async () => {
  const { out } = await elementsOf((p) => p.create<string>([]).apply(distinct()));
  const by = await elementsOf((p) => p.create<string>([]).apply(distinctBy((x) => x)));
  const counts = await elementsOf((p) => p.create<string>([]).apply(countPerElement()));
  expect([...out, ...by.out, ...counts.out]).toEqual([]);
});

// Each later pane of a key is there, and says nothing new.
const laterPanes: WindowOptions[] = [
  { accumulation: "discarding" },
  { accumulation: "accumulating" },
  { accumulation: "discarding", closing: "fireAlways" },
  { accumulation: "accumulating", closing: "fireAlways" },
];

test.each(laterPanes)("what comes again late is not seen again, with %j", async (options) => {
  const input = [
    { at: 1, v: "early" },
    { at: 100, v: "other window" },
    { at: 2, v: "early" },
    { at: 3, v: "late" },
    { at: 4, v: "late" },
  ];
  const read = (by: boolean) =>
    elementsOf(
      (p) =>
        p
          .read(timedTopic<string>("in"))
          .map(({ v }) => v)
          .windowInto(fixedWindows(10), { allowedLateness: { minutes: 1 }, ...options })
          .apply(by ? distinctBy((x) => x) : distinct()),
      { portion: 1, input: { in: input } },
    );
  for (const { out } of [await read(false), await read(true)]) {
    const first = out.filter(({ window }) => window.start === 0);
    expect(first.map(({ element, pane }) => [element, pane.timing])).toEqual([
      ["early", "ON_TIME"],
      ["late", "LATE"],
    ]);
  }
});

test.each(["discarding", "accumulating"] as const)(
  "with an early trigger it comes when it is first seen, and not again (%s)",
  async (accumulation) => {
    const input = ["a", "b", "a", "a", "b"].map((v) => ({ at: 1, v }));
    const read = (by: boolean) =>
      elementsOf(
        (p) =>
          p
            .read(timedTopic<string>("in"))
            .map(({ v }) => v)
            .windowInto(fixedWindows(10), {
              trigger: afterWatermark({ early: afterCount(1), late: afterCount(1) }),
              accumulation,
              allowedLateness: { minutes: 1 },
            })
            .apply(by ? distinctBy((x) => x) : distinct()),
        { portion: 1, input: { in: input } },
      );
    for (const { out } of [await read(false), await read(true)]) {
      expect(out.map(({ element, pane }) => [element, pane.timing])).toEqual([
        ["a", "EARLY"],
        ["b", "EARLY"],
      ]);
    }
  },
);

test("an element that can't be a key is a dead letter", async () => {
  const { sorted, dead } = await elementsOf((p) =>
    p.create<unknown>(["a", new Map()]).apply(distinct()),
  );
  expect(sorted).toEqual(["a"]);
  expect(dead).toMatchObject([{ error: { code: "ERR_KEY" } }]);
});

test("countPerElement counts each different element", async () => {
  const { sorted } = await elementsOf(
    (p) => p.create(["a", "b", "a", "c", "a"]).apply(countPerElement()),
    SMALL_BUNDLES,
  );
  expect(sorted).toEqual([kv("a", 3), kv("b", 1), kv("c", 1)]);
});
