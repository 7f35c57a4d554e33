/** Combiners that keep inputs: lists, sets, maps, samples, largest and smallest, latest. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../../../emulators/memory/seeded-random.ts";
import {
  type CombineFn,
  kv,
  largest,
  latest,
  sampleAny,
  sampleFixedSize,
  smallest,
  toList,
  toMap,
  toSet,
} from "../../../../sdk/index.ts";
import { at } from "../../../support/builders.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

function combine<I, A, O>(fn: CombineFn<I, A, O>, inputs: readonly I[]): O {
  return fn.extractOutput(inputs.reduce((a, x) => fn.addInput(a, x), fn.createAccumulator()));
}

afterEach(() => {
  vi.restoreAllMocks();
});

test("largest and smallest go by the inputs' own order, or by what is given", () => {
  expect(combine(largest<number>(2), [3, -1, 10, 4])).toEqual([10, 4]);
  expect(combine(smallest<number>(2), [3, -1, 10, 4])).toEqual([-1, 3]);
  expect(combine(largest<string>(2), ["b", "a", "c"])).toEqual(["c", "b"]);
  expect(combine(smallest<bigint>(1), [2n ** 70n, 2n ** 69n])).toEqual([2n ** 69n]);
  const days = [new Date(2), new Date(1), new Date(3)];
  expect(combine(largest<Date>(1), days)).toEqual([new Date(3)]);
  const flights = [{ delay: 4 }, { delay: -2 }];
  expect(
    combine(
      smallest(1, ({ delay }: { delay: number }) => delay),
      flights,
    ),
  ).toEqual([{ delay: -2 }]);
  const compare = (a: string, b: string): number => a.length - b.length;
  expect(combine(smallest(1, { compare }), ["bbb", "a", "cc"])).toEqual(["a"]);
});

test("toList keeps all, toSet and toMap what is different by value", () => {
  expect(combine(toList(), [1, 1, 2])).toEqual([1, 1, 2]);
  expect(combine(toSet(), [{ a: 1 }, { a: 1 }, { a: 2 }, -0, 0])).toEqual(
    new Set([{ a: 1 }, { a: 2 }, 0]),
  );
  expect(combine(toMap(), [kv("a", 1), kv("b", undefined)])).toEqual(
    new Map<string, number | undefined>([
      ["a", 1],
      ["b", undefined],
    ]),
  );
});

test("of no input: an empty list, set or map, no sample, no latest", () => {
  for (const fn of [toList(), largest(2), smallest<number>(2), sampleFixedSize(2), sampleAny(2)]) {
    expect(combine<never, never, unknown>(fn as never, [])).toEqual([]);
  }
  expect(combine(toSet(), [])).toEqual(new Set());
  expect(combine(toMap(), [])).toEqual(new Map());
  expect(combine(latest(), [])).toBeUndefined();
});

test.each([0, -1, 1.5, Number.NaN])("%d is no size", (n) => {
  for (const make of [largest, smallest, sampleFixedSize, sampleAny]) {
    expect(meshErrorOf(() => make(n)).code).toBe("ERR_OPTION");
  }
});

test("what they give out is not what they go on with", () => {
  for (const fn of [toList<number>(), sampleAny<number>(9), sampleFixedSize<number>(9)]) {
    const { addInput, createAccumulator, extractOutput } = fn as CombineFn<
      number,
      unknown,
      number[]
    >;
    const accumulator = addInput(createAccumulator(), 1);
    const pane = extractOutput(accumulator);
    addInput(accumulator, 2);
    expect(pane).toEqual([1]);
  }
});

test("latest takes the largest timestamp, and keeps what it has where two are equal", () => {
  const stamped = [3, 9, 9, 1].map((time, i) => ({ value: i, timestamp: at(time) }));
  expect(combine(latest(), stamped)).toEqual({ value: 1, timestamp: 9 });
});

describe("toMap", () => {
  const twice = [kv("a", 1), kv("b", 2), kv("a", 3), kv("c", 4), kv("c", 4)];

  test("a key that comes twice is an error that names it", () => {
    expect(() => combine(toMap(), twice)).toThrow('the key "a" and 1 more has several values');
  });

  test("the pane becomes a dead letter, however the pairs came in", async () => {
    for (const options of [{}, SMALL_BUNDLES]) {
      const { out, dead } = await elementsOf(
        (p) => p.create(twice).combineGlobally(toMap()),
        options,
      );
      expect(out).toEqual([]);
      expect(dead).toMatchObject([{ error: { code: "ERR_USER_CODE" } }]);
      expect(dead[0]?.error.message).toContain('toMap: the key "a" and 1 more');
    }
  });

  test("a Map comes out of a mesh, with keys and values of any kind", async () => {
    const pairs = [kv(1, new Date(5)), kv("1", undefined), kv(null, { a: [1n] })];
    const { sorted } = await elementsOf(
      (p) => p.create(pairs).combineGlobally(toMap()),
      SMALL_BUNDLES,
    );
    expect(sorted).toEqual([
      new Map<unknown, unknown>(pairs.map(({ key, value }) => [key, value])),
    ]);
  });

  test("other data than its own is refused", () => {
    for (const json of [{}, [], [[]], ["a", "b"]]) {
      expect(meshErrorOf(() => toMap().accumulatorCoder?.decode(json)).code).toBe("ERR_DECODE");
    }
    expect(meshErrorOf(() => toSet().accumulatorCoder?.decode("a")).code).toBe("ERR_DECODE");
  });
});

describe("sampleFixedSize", () => {
  test("each input is in the sample as often as any other", () => {
    const random = seededRandom(7);
    vi.spyOn(Math, "random").mockImplementation(() => random.fraction());
    const runs = 4_000;
    const times = new Array<number>(10).fill(0);
    for (let run = 0; run < runs; run++) {
      const fn = sampleFixedSize<number>(3);
      const parts = [
        [0, 1, 2, 3],
        [4, 5],
        [6, 7, 8, 9],
      ].map((part) => part.reduce((a, x) => fn.addInput(a, x), fn.createAccumulator()));
      const merged = parts.reduce((a, b) => fn.mergeAccumulators(a, b), fn.createAccumulator());
      for (const taken of fn.extractOutput(merged)) times[taken] = (times[taken] ?? 0) + 1;
    }
    // Binomial with p = 3/10: five standard deviations are 145.
    for (const count of times) expect(Math.abs(count - runs * 0.3)).toBeLessThan(145);
  });

  test("a mesh gives n different inputs, or all", async () => {
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    for (const make of [sampleFixedSize, sampleAny]) {
      const some = await elementsOf(
        (p) => p.create(numbers).combineGlobally(make<number>(5)),
        SMALL_BUNDLES,
      );
      expect(new Set(some.sorted[0]).size).toBe(5);
      expect(numbers).toEqual(expect.arrayContaining(some.sorted[0] ?? []));
      const all = await elementsOf(
        (p) => p.create(numbers).combineGlobally(make<number>(99)),
        SMALL_BUNDLES,
      );
      expect([...(all.sorted[0] ?? [])].sort((a, b) => a - b)).toEqual(numbers);
    }
  });
});
