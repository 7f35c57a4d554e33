import { expect, test } from "vitest";
import {
  type CombineFn,
  count,
  distinctCount,
  max,
  mean,
  min,
  sum,
  top,
} from "../../../../sdk/index.ts";
import { toCombineFn } from "../../../../sdk/transforms/combine-record.ts";
import { meshErrorOf } from "../errors.ts";

function combine<I, A, O>(fn: CombineFn<I, A, O>, inputs: readonly I[]): O {
  return fn.extractOutput(inputs.reduce((a, x) => fn.addInput(a, x), fn.createAccumulator()));
}

interface Flight {
  readonly delay: number;
}
const flights: Flight[] = [{ delay: 4 }, { delay: -2 }, { delay: 10 }];
const delay = (f: Flight): number => f.delay;

test("each combiner gives what its name says", () => {
  expect(combine(count(), flights)).toBe(3);
  expect(combine(sum(delay), flights)).toBe(12);
  expect(combine(mean(delay), flights)).toBe(4);
  expect(combine(min(delay), flights)).toBe(-2);
  expect(combine(max(delay), flights)).toBe(10);
  expect(combine(top(2, delay), flights)).toEqual([{ delay: 10 }, { delay: 4 }]);
  expect(
    combine(top(1, { compare: (a: Flight, b: Flight) => b.delay - a.delay }), flights),
  ).toEqual([{ delay: -2 }]);
  expect(combine(distinctCount(), [1, "1", -0, 0, { a: 1 }, { a: 1 }])).toBe(4);
  expect(combine(distinctCount(delay), [...flights, ...flights])).toBe(3);
});

test("each combiner takes the inputs themselves where no function is given", () => {
  expect(combine(sum(), [1, 2])).toBe(3);
  expect(combine(mean(), [1, 2])).toBe(1.5);
  expect(combine(min(), [1, 2])).toBe(1);
  expect(combine(max(), [1, 2])).toBe(2);
  expect(combine(top(1), [1, 2])).toEqual([2]);
});

test("of no input: 0, 0, NaN, Infinity, -Infinity, [] and 0", () => {
  expect(combine(count(), [])).toBe(0);
  expect(combine(sum(), [])).toBe(0);
  expect(combine(mean(), [])).toBeNaN();
  expect(combine(min(), [])).toBe(Number.POSITIVE_INFINITY);
  expect(combine(max(), [])).toBe(Number.NEGATIVE_INFINITY);
  expect(combine(top(3), [])).toEqual([]);
  expect(combine(distinctCount(), [])).toBe(0);
});

test.each([0, -1, 1.5, Number.NaN])("top(%d) is refused", (n) => {
  expect(meshErrorOf(() => top(n)).code).toBe("ERR_OPTION");
});

test("what top gives out is not what it goes on with", () => {
  const fn = top(2);
  const accumulator = fn.addInput(fn.createAccumulator(), 1);
  const pane = fn.extractOutput(accumulator);
  fn.addInput(accumulator, 2);
  expect(pane).toEqual([1]);
});

test("a record of combines is one combine, the same in whatever order it is written", () => {
  const a = toCombineFn({ flights: count(), delay: mean(delay) });
  const b = toCombineFn({ delay: mean(delay), flights: count() });
  expect(combine(a, flights)).toEqual({ flights: 3, delay: 4 });
  expect(a.name).toBe("{ delay: mean, flights: count }");
  expect(b.name).toBe(a.name);
  expect(b.accumulatorCoder?.name).toBe(a.accumulatorCoder?.name);
});

test("a record is compacted part by part, by those parts that can", () => {
  const compacting = { ...count(), compact: (n: number) => n + 100 };
  const fn = toCombineFn({ a: compacting, b: count() });
  expect(fn.compact?.([1, 2])).toEqual([101, 2]);
});

test.each([[{}], [{ flights: 3 }], [{ inner: { flights: count() } }]])(
  "%j is no CombineFn",
  (combining) => {
    expect(meshErrorOf(() => toCombineFn(combining)).code).toBe("ERR_OPTION");
  },
);

test("accumulators of another record are refused", () => {
  const coder = toCombineFn({ a: count(), b: count() }).accumulatorCoder;
  expect(meshErrorOf(() => coder?.decode([1])).code).toBe("ERR_DECODE");
});
