/**
 * Sketches: estimates within the bounds that their papers give, by fixed inputs.
 */
import { describe, expect, test } from "vitest";
import {
  approximateDistinct,
  approximateQuantiles,
  type CombineFn,
  fixedWindows,
  kv,
} from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

function accumulate<I, A, O>(fn: CombineFn<I, A, O>, inputs: Iterable<I>): A {
  let accumulator = fn.createAccumulator();
  for (const input of inputs) accumulator = fn.addInput(accumulator, input);
  return accumulator;
}

function combine<I, A, O>(fn: CombineFn<I, A, O>, inputs: Iterable<I>): O {
  return fn.extractOutput(accumulate(fn, inputs));
}

function* numbers(count: number): Iterable<number> {
  for (let i = 0; i < count; i++) yield i;
}

function textOf<A>(fn: CombineFn<never, A, unknown>, accumulator: A): string {
  return JSON.stringify(fn.accumulatorCoder?.encode(accumulator));
}

describe("approximateDistinct", () => {
  const kinds: Record<string, (i: number) => unknown> = {
    "whole numbers": (i) => i,
    texts: (i) => `user-${i}`,
    objects: (i) => ({ id: i, kind: "visit" }),
    dates: (i) => new Date(1.7e12 + i * 1_000),
  };

  test.each(Object.keys(kinds))("%s: within four standard errors, at every size", (kind) => {
    const by = kinds[kind];
    for (const precision of [8, 12, 14]) {
      const error = 1.04 / Math.sqrt(2 ** precision);
      for (const count of [1, 2, 10, 50, 300, 1_000, 3_000, 10_000, 40_000]) {
        const estimate = combine(
          approximateDistinct({ precision, ...(by && { by }) }),
          numbers(count),
        );
        expect(Math.abs(estimate - count), `${count} at ${precision}`).toBeLessThanOrEqual(
          Math.max(4 * error * count, count < 2 ** precision / 100 ? 1 : 0),
        );
      }
    }
  });

  test("over many samples it is right in the mean, and as often off as it says", () => {
    const fn = approximateDistinct<string>({ precision: 8 });
    const runs = 400;
    const count = 600; // Where a plain HyperLogLog would pass from one formula to another.
    const offs = Array.from({ length: runs }, (_, run) => {
      const estimate = combine(
        fn,
        [...numbers(count)].map((i) => `${run}/${i}`),
      );
      return (estimate - count) / count;
    });
    const error = 1.04 / Math.sqrt(2 ** 8);
    const mean = offs.reduce((sum, off) => sum + off, 0) / runs;
    expect(Math.abs(mean)).toBeLessThan((4 * error) / Math.sqrt(runs));
    const within = offs.filter((off) => Math.abs(off) <= error).length / runs;
    expect(within).toBeGreaterThan(0.6);
    expect(within).toBeLessThan(0.8);
  });

  test("of no input 0; what comes again changes nothing", () => {
    const fn = approximateDistinct();
    expect(combine(fn, [])).toBe(0);
    const once = accumulate(fn, numbers(5_000));
    const again = accumulate(fn, [...numbers(5_000), ...numbers(5_000)]);
    expect(textOf(fn, again)).toBe(textOf(fn, once));
  });

  test("the state is small for few inputs, and bounded for many", () => {
    const fn = approximateDistinct();
    expect(textOf(fn, accumulate(fn, numbers(0)))).toBe("[]");
    expect(textOf(fn, accumulate(fn, numbers(10))).length).toBeLessThan(100);
    expect(textOf(fn, accumulate(fn, numbers(100_000))).length).toBeLessThan(5_500);
  });

  test("registers of one process are those of every other", () => {
    const fn = approximateDistinct<string>({ precision: 6 });
    expect(textOf(fn, accumulate(fn, ["a", "b"]))).toBe("[513,3394]");
  });

  test("an error gives the precision that keeps it", () => {
    const nameFor = (error: number): string => approximateDistinct({ error }).name;
    expect(nameFor(0.02)).toBe("approximateDistinct 12");
    expect(nameFor(0.01)).toBe("approximateDistinct 14");
    expect(nameFor(0.0041)).toBe("approximateDistinct 16");
    expect(nameFor(0.9)).toBe("approximateDistinct 4");
    expect(approximateDistinct().name).toBe("approximateDistinct 12");
  });

  test.each([
    [{ precision: 3 }],
    [{ precision: 17 }],
    [{ precision: 8.5 }],
    [{ error: 0.001 }],
    [{ error: 0 }],
    [{ error: -1 }],
    [{ error: Number.NaN }],
    [{ precision: 12, error: 0.1 }],
  ])("%j is refused", (options) => {
    expect(meshErrorOf(() => approximateDistinct(options)).code).toBe("ERR_OPTION");
  });

  test("registers of another precision are refused", () => {
    const { accumulatorCoder } = approximateDistinct({ precision: 4 });
    for (const json of ["AAAA", 3, null]) {
      expect(meshErrorOf(() => accumulatorCoder?.decode(json)).code).toBe("ERR_DECODE");
    }
  });

  test("in a mesh it counts by key and window", async () => {
    const visits = [...numbers(120)].map((i) => ({ user: i % 30, at: i % 20 }));
    const { out } = await elementsOf(
      (p) =>
        p
          .create(visits, { timestamp: ({ at }) => at })
          .keyBy(() => "page")
          .windowInto(fixedWindows(10))
          .combinePerKey(approximateDistinct({ by: ({ user }) => user })),
      SMALL_BUNDLES,
    );
    const exact = (start: number): number =>
      new Set(visits.filter(({ at }) => Math.floor(at / 10) * 10 === start).map((v) => v.user))
        .size;
    expect(out).toHaveLength(2);
    for (const { element, window } of out) {
      expect(Math.abs(element.value - exact(window.start))).toBeLessThanOrEqual(1);
    }
  });
});

describe("approximateQuantiles", () => {
  /** What is wrong with the cuts: each must lie within the accuracy of an input next to its rank. */
  function wrongCuts(
    inputs: readonly number[],
    cuts: readonly number[],
    accuracy: number,
  ): string[] {
    const sorted = [...inputs].sort((a, b) => a - b);
    return cuts.flatMap((cut, i) => {
      const rank = (i / (cuts.length - 1)) * (sorted.length - 1);
      const near = sorted.slice(Math.max(0, Math.floor(rank) - 1), Math.ceil(rank) + 2);
      const isNear = near.some((x) => Math.abs(cut - x) <= accuracy * Math.abs(x) * (1 + 1e-9));
      return isNear ? [] : [`cut ${i} is ${cut}, and rank ${rank} has ${near}`];
    });
  }

  const inputs: Record<string, number[]> = {
    "from 0 up": [...numbers(1_001)],
    "negative and positive": [...numbers(2_000)].map((i) => i - 1_000),
    negative: [...numbers(500)].map((i) => -i * i - 1),
    "over many sizes": [...numbers(400)].map((i) => 1.1 ** (i - 200)),
    "as far apart as can be": [1e-300, 1e300, -1e300, -1e-300, 0, 1],
    "mostly alike": [...new Array<number>(99).fill(7), 1_000],
    "one alone": [-3],
  };

  test.each(Object.keys(inputs))("%s: each cut within the accuracy, the ends exact", (name) => {
    const values = inputs[name] ?? [];
    for (const relativeAccuracy of [0.01, 0.05]) {
      const cuts = combine(approximateQuantiles<number>(11, { relativeAccuracy }), values);
      expect(wrongCuts(values, cuts, relativeAccuracy)).toEqual([]);
      expect([cuts[0], cuts[10]]).toEqual([Math.min(...values), Math.max(...values)]);
      expect([...cuts].sort((a, b) => a - b)).toEqual(cuts);
    }
  });

  test("2 gives the smallest and the largest, 3 the median too", () => {
    expect(combine(approximateQuantiles<number>(2), [5, 1, 9])).toEqual([1, 9]);
    const [, median] = combine(approximateQuantiles<number>(3), [5, 1, 9]);
    expect(median).toBeCloseTo(5, 1);
  });

  test("of no input: []", () => {
    const fn = approximateQuantiles<number>(5);
    expect(combine(fn, [])).toEqual([]);
    const sent = fn.accumulatorCoder?.decode([]);
    expect(sent && fn.extractOutput(fn.mergeAccumulators(sent, fn.createAccumulator()))).toEqual(
      [],
    );
  });

  test("parts that were sent give what the whole gives, also around 0 and 1", () => {
    // Both are where the library's own merge goes wrong.
    const fn = approximateQuantiles<number>(21);
    const parts = [
      [1e-6],
      [1e-9, 1],
      [...numbers(100)].map((i) => -i),
      [...numbers(100)].map((i) => i - 200),
    ];
    const merged = parts
      .map((part) => fn.accumulatorCoder?.encode(accumulate(fn, part)) ?? null)
      .map((json) => fn.accumulatorCoder?.decode(JSON.parse(JSON.stringify(json))))
      .reduce((a, b) => (a && b ? fn.mergeAccumulators(a, b) : a), fn.createAccumulator());
    expect(merged && fn.extractOutput(merged)).toEqual(combine(fn, parts.flat()));
    expect(merged && textOf(fn, merged)).toBe(textOf(fn, accumulate(fn, parts.flat())));
  });

  test.each([
    [1, {}],
    [2.5, {}],
    [5, { relativeAccuracy: 0 }],
    [5, { relativeAccuracy: 0.6 }],
    [5, { relativeAccuracy: Number.NaN }],
  ])("approximateQuantiles(%d, %j) is refused", (n, options) => {
    expect(meshErrorOf(() => approximateQuantiles(n, options)).code).toBe("ERR_OPTION");
  });

  test("other data than its own is refused", () => {
    for (const json of ["AAAA", 3, [1, 2, 3], [1, 2, 3, [4], 5]]) {
      const decode = (): unknown => approximateQuantiles(3).accumulatorCoder?.decode(json);
      expect(meshErrorOf(decode).code).toBe("ERR_DECODE");
    }
  });

  test("an input that is not finite is a dead letter, and the rest is measured", async () => {
    const { sorted, dead } = await elementsOf(
      (p) =>
        p
          .create([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2])
          .map((n) => kv("k", n))
          .combinePerKey(approximateQuantiles(2)),
      SMALL_BUNDLES,
    );
    expect(sorted).toEqual([kv("k", [1, 3])]);
    expect(dead.map(({ error }) => error.code)).toEqual(["ERR_USER_CODE", "ERR_USER_CODE"]);
  });
});
