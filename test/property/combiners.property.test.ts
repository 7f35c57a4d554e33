import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import {
  approximateDistinct,
  approximateQuantiles,
  type CombineFn,
  count,
  distinctCount,
  largest,
  latest,
  max,
  mean,
  min,
  sampleAny,
  sampleFixedSize,
  smallest,
  sum,
  toList,
  top,
  toSet,
} from "../../sdk/index.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import { toCombineFn } from "../../sdk/transforms/combine-record.ts";

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;

/** A combine of numbers, of one that takes something made of them; its outputs as values to compare. */
function of<I, A, O>(
  fn: CombineFn<I, A, O>,
  input: (n: number) => I,
  view: (output: O) => unknown = (output) => output,
): CombineFn<number, A, unknown> {
  return {
    ...fn,
    addInput: (accumulator, n) => fn.addInput(accumulator, input(n)),
    extractOutput: (accumulator) => view(fn.extractOutput(accumulator)),
  };
}

const self = (n: number): number => n;
const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

const combiners: Record<string, object> = {
  count: count(),
  sum: sum(),
  mean: mean(),
  min: min(),
  max: max(),
  top: top(3),
  "top by comparison": top(2, { compare: (a: number, b: number) => b - a }),
  distinctCount: distinctCount((n: number) => n % 5),
  largest: largest(3),
  "largest texts": of(largest<string>(3), String),
  smallest: smallest(3),
  toList: of(toList<number>(), self, sorted),
  toSet: toSet(),
  latest: of(latest<number>(), (n) => ({ value: n, timestamp: n as Timestamp })),
  approximateDistinct: approximateDistinct(),
  "approximateDistinct with few registers": approximateDistinct({ precision: 4 }),
  approximateQuantiles: approximateQuantiles(7),
  "approximateQuantiles of many sizes": of(approximateQuantiles<number>(9), (n) => n ** 9 / 7),
  "sampleAny, as many": of(sampleAny<number>(3), self, (sample) => sample.length),
  "sampleFixedSize, as many": of(sampleFixedSize<number>(3), self, (sample) => sample.length),
  "sampleFixedSize of all": of(sampleFixedSize<number>(1_000), self, sorted),
  "a record of them": { n: count(), mean: mean(), most: top(2), kinds: distinctCount() },
};

/** Folds each part by itself, sends the accumulators over an edge, and merges them. */
function combined(fn: AnyCombineFn, parts: readonly (readonly unknown[])[]): unknown {
  const coder = fn.accumulatorCoder ?? anyCoder;
  let merged = fn.createAccumulator();
  for (const part of parts) {
    let accumulator = fn.createAccumulator();
    for (const input of part) accumulator = fn.addInput(accumulator, input);
    if (fn.compact !== undefined) accumulator = fn.compact(accumulator);
    const sent: unknown = JSON.parse(JSON.stringify(coder.encode(accumulator)));
    merged = fn.mergeAccumulators(merged, coder.decode(sent as Json));
  }
  return fn.extractOutput(merged);
}

// Small whole numbers: their sums are exact in any order, which those of fractions are not.
const inputs = fc.array(fc.integer({ min: -50, max: 50 }));

for (const [name, combining] of Object.entries(combiners)) {
  test(`${name}: every split and every order of the inputs gives the same output`, () => {
    const fn = toCombineFn(combining);
    const shuffledSplit = inputs.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.nat({ max: all.length })),
      ),
    );
    fc.assert(
      fc.property(shuffledSplit, ([all, shuffled, cuts]) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), shuffled.length];
        const parts = bounds.slice(1).map((end, i) => shuffled.slice(bounds[i], end));
        expect(combined(fn, parts)).toEqual(combined(fn, [all]));
      }),
    );
  });

  test(`${name}: merging leaves the other accumulator as it was`, () => {
    const fn = toCombineFn(combining);
    const coder = fn.accumulatorCoder ?? anyCoder;
    const fold = (list: readonly number[]): unknown =>
      list.reduce((a: unknown, x) => fn.addInput(a, x), fn.createAccumulator());
    fc.assert(
      fc.property(inputs, inputs, (a, b) => {
        const other = fold(b);
        const before = JSON.stringify(coder.encode(other));
        fn.mergeAccumulators(fold(a), other);
        expect(JSON.stringify(coder.encode(other))).toBe(before);
      }),
    );
  });
}
