import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import { type CombineFn, count, distinctCount, max, mean, min, sum, top } from "../../sdk/index.ts";
import { toCombineFn } from "../../sdk/transforms/combine-record.ts";

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;

const combiners: Record<string, object> = {
  count: count(),
  sum: sum(),
  mean: mean(),
  min: min(),
  max: max(),
  top: top(3),
  "top by comparison": top(2, { compare: (a: number, b: number) => b - a }),
  distinctCount: distinctCount((n: number) => n % 5),
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
