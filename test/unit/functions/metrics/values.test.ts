/**
 * Metric values: merging is adding up, in any order (MV1), and has a bound (MV2).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { metricResults, queryMetrics } from "../../../../functions/metrics/results.ts";
import {
  foldValue,
  type MetricJson,
  type MetricsJson,
  mergeMetrics,
  storedMetrics,
  type UserMetrics,
} from "../../../../functions/metrics/values.ts";
import { METRICS_CHARS_MAX } from "../../../../functions/options.ts";

const fold = (key: string, ...values: (number | string)[]): MetricJson | undefined =>
  values.reduce<MetricJson | undefined>(
    (all, value, i) => foldValue(key, all, value, i),
    undefined,
  );

test("each kind folds its values", () => {
  expect(fold("c:a/b", 1, 2, -4)).toBe(-1);
  expect(fold("d:a/b", 3, -1, 4)).toEqual([6, 3, -1, 4]);
  expect(fold("g:a/b", 3, 9, 4)).toEqual([4, 2]);
  expect(fold("s:a/b", "x", "y", "x")).toEqual(["x", "y"]);
});

const arbitraryMetrics: fc.Arbitrary<MetricsJson> = fc.dictionary(
  fc.constantFrom("map", "filter", "__proto__"),
  fc.record(
    {
      "c:n/sum": fc.integer({ min: -1e6, max: 1e6 }),
      "d:n/dist": fc.tuple(fc.integer(), fc.nat(), fc.integer(), fc.integer()),
      "s:n/set": fc.uniqueArray(fc.constantFrom("a", "b", "c", "d")),
    },
    { requiredKeys: [] },
  ),
);

/** Sets without an order. */
const sorted = (metrics: MetricsJson): unknown =>
  metricResults([{ committed: metrics, failed: {} }]);

describe("merging (MV1)", () => {
  test("does not depend on the order, nor on what is merged first", () => {
    fc.assert(
      fc.property(arbitraryMetrics, arbitraryMetrics, arbitraryMetrics, (a, b, c) => {
        const left = mergeMetrics(mergeMetrics(a, b), c);
        expect(sorted(left)).toEqual(sorted(mergeMetrics(a, mergeMetrics(b, c))));
        expect(sorted(mergeMetrics(a, b))).toEqual(sorted(mergeMetrics(b, a)));
      }),
    );
  });

  test("with nothing changes nothing", () => {
    fc.assert(
      fc.property(arbitraryMetrics, (a) => {
        expect(sorted(mergeMetrics(a, {}))).toEqual(sorted(a));
        expect(sorted(mergeMetrics({}, a))).toEqual(sorted(a));
      }),
    );
  });

  test("of gauges keeps the latest, whichever is merged first", () => {
    const early: MetricsJson = { map: { "g:n/g": [7, 100] } };
    const late: MetricsJson = { map: { "g:n/g": [5, 200] } };
    expect(mergeMetrics(early, late)).toEqual(late);
    expect(mergeMetrics(late, early)).toEqual(late);
  });
});

describe("what is stored has a bound (MV2)", () => {
  const counted = (committed: MetricsJson): UserMetrics => ({ committed, failed: {} });
  const texts = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `text number ${from + i}`);
  const lengthOf = (metrics: UserMetrics | undefined): number => JSON.stringify(metrics).length;

  test("a set of texts takes as many as fit, and a counter beside it goes on", () => {
    let stored: UserMetrics | undefined;
    for (let i = 0; i < 50; i++) {
      const step = { "c:n/calls": 1, "s:n/texts": texts(i * 200, 200) };
      stored = storedMetrics(stored, counted({ map: step }));
    }
    expect(lengthOf(stored)).toBeLessThan(METRICS_CHARS_MAX + 1_000);
    const kept = stored?.committed["map"]?.["s:n/texts"] as readonly string[];
    expect(kept.length).toBeGreaterThan(1_000);
    expect(stored?.committed["map"]?.["c:n/calls"]).toBe(50);
  });

  test("metrics beyond it are not added; those that are there go on", () => {
    let stored: UserMetrics | undefined;
    for (let i = 0; i < 50; i++) {
      const names = texts(i * 100, 100).map((text) => [`c:n/${text}`, 1]);
      const step = { "c:n/first": 1, ...Object.fromEntries(names) };
      stored = storedMetrics(stored, counted({ map: step }));
    }
    expect(lengthOf(stored)).toBeLessThan(METRICS_CHARS_MAX + 1_000);
    expect(stored?.committed["map"]?.["c:n/first"]).toBe(50);
    expect(Object.keys(stored?.committed["map"] ?? {}).length).toBeLessThan(5_000);
  });

  test("one try's own metrics are bounded too", () => {
    const stored = storedMetrics(undefined, counted({ map: { "s:n/texts": texts(0, 50_000) } }));
    expect(lengthOf(stored)).toBeLessThan(METRICS_CHARS_MAX + 1_000);
  });

  test("nothing new leaves what is stored as it is", () => {
    const stored = counted({ map: { "c:n/a": 1 } });
    expect(storedMetrics(stored, undefined)).toBe(stored);
    expect(storedMetrics(undefined, undefined)).toBeUndefined();
  });
});

describe("results", () => {
  const parts: UserMetrics[] = [
    {
      committed: { b: { "c:n/x": 2 } },
      failed: { b: { "c:n/x": 5 }, a: { "d:n/y": [3, 1, 3, 3] } },
    },
    { committed: { b: { "c:n/x": 1, "s:n/z": ["q", "p"], "g:m/x": [4, 9] } }, failed: {} },
  ];

  test("add up shards; attempted holds committed and failed tries", () => {
    expect(metricResults([undefined, ...parts])).toEqual([
      {
        kind: "distribution",
        step: "a",
        namespace: "n",
        name: "y",
        attempted: { sum: 3, count: 1, min: 3, max: 3 },
        committed: undefined,
      },
      {
        kind: "gauge",
        step: "b",
        namespace: "m",
        name: "x",
        attempted: { value: 4, atMs: 9 },
        committed: { value: 4, atMs: 9 },
      },
      { kind: "counter", step: "b", namespace: "n", name: "x", attempted: 8, committed: 3 },
      {
        kind: "stringSet",
        step: "b",
        namespace: "n",
        name: "z",
        attempted: ["p", "q"],
        committed: ["p", "q"],
      },
    ]);
  });

  test("are found by any of step, namespace, name and kind", () => {
    const all = metricResults(parts);
    const names = (filter: Parameters<typeof queryMetrics>[1]): string[] =>
      queryMetrics(all, filter).map(({ step, namespace, name }) => `${step} ${namespace} ${name}`);
    expect(names({ name: "x" })).toEqual(["b m x", "b n x"]);
    expect(names({ name: "x", kind: "counter" })).toEqual(["b n x"]);
    expect(names({ step: "a", namespace: "n" })).toEqual(["a n y"]);
    expect(names({ step: "a", name: "x" })).toEqual([]);
    expect(names({})).toHaveLength(4);
  });
});
