/** Sketches, samples and joins against answers that are computed at once, from all of the input. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import {
  approximateDistinct,
  approximateQuantiles,
  type CombineFn,
  fullJoin,
  kv,
  pipeline,
  pubsub,
  sampleAny,
  sampleFixedSize,
  toMap,
} from "../../sdk/index.ts";
import { sortedByJson } from "../support/elements.ts";
import { runInMemory } from "../support/run-memory.ts";

/** Folds each part by itself, sends the accumulators over an edge, and merges them. */
function combined<I, A, O>(fn: CombineFn<I, A, O>, parts: readonly (readonly I[])[]): O {
  const coder = fn.accumulatorCoder ?? anyCoder;
  let merged = fn.createAccumulator();
  for (const part of parts) {
    const accumulator = part.reduce((a, x) => fn.addInput(a, x), fn.createAccumulator());
    const sent = JSON.parse(JSON.stringify(coder.encode(accumulator))) as Json;
    merged = fn.mergeAccumulators(merged, coder.decode(sent) as A);
  }
  return fn.extractOutput(merged);
}

const parts = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[][]> =>
  fc.array(fc.array(item, { maxLength: 40 }), { maxLength: 6 });

test("approximateDistinct is near for any inputs, and exact for a few", () => {
  const fn = approximateDistinct<unknown>({ precision: 14 });
  const value = fc.oneof(fc.integer(), fc.string(), fc.record({ id: fc.nat() }), fc.constant(null));
  fc.assert(
    fc.property(parts(value), (inputs) => {
      const exact = new Set(inputs.flat().map((x) => JSON.stringify(x))).size;
      // -0 and 0 are one key, but two texts of JSON agree on that too.
      expect(Math.abs(combined(fn, inputs) - exact)).toBeLessThanOrEqual(1 + exact * 0.033);
    }),
  );
});

test("each quantile lies within the accuracy of an input of its rank", () => {
  const accuracy = 0.02;
  const n = 9;
  const fn = approximateQuantiles<number>(n, { relativeAccuracy: accuracy });
  const value = fc.oneof(
    fc.integer({ min: -100, max: 100 }),
    fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, 1e-9, -1e-9),
  );
  fc.assert(
    fc.property(parts(value), (inputs) => {
      const sorted = inputs.flat().sort((a, b) => a - b);
      const quantiles = combined(fn, inputs);
      expect(quantiles).toHaveLength(sorted.length === 0 ? 0 : n);
      for (const [i, quantile] of quantiles.entries()) {
        const rank = (i / (n - 1)) * (sorted.length - 1);
        const near = sorted.slice(Math.max(0, Math.floor(rank) - 1), Math.ceil(rank) + 2);
        const off = Math.min(
          ...near.map((x) => Math.abs(quantile - x) - accuracy * Math.abs(x) * (1 + 1e-9)),
        );
        // A value next to 0 counts as 0.
        expect(off).toBeLessThanOrEqual(1e-300);
      }
    }),
  );
});

test("a sample holds different ones of the inputs, as many as there can be", () => {
  const size = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(parts(fc.constant(undefined)), size, (shape, n) => {
      let next = 0;
      const inputs = shape.map((part) => part.map(() => next++));
      for (const fn of [sampleFixedSize<number>(n), sampleAny<number>(n)]) {
        const sample = combined(fn as CombineFn<number, unknown, number[]>, inputs);
        expect(new Set(sample).size).toBe(Math.min(n, next));
        for (const one of sample) expect(one).toBeLessThan(next);
      }
    }),
  );
});

test("toMap is an error exactly if a key comes twice, in whatever parts", () => {
  fc.assert(
    fc.property(parts(fc.nat({ max: 20 })), (keys) => {
      const all = keys.flat();
      const inputs = keys.map((part) => part.map((key) => kv(key, null)));
      if (new Set(all).size < all.length) {
        expect(() => combined(toMap<number, null>(), inputs)).toThrow("has several values");
      } else {
        expect(combined(toMap<number, null>(), inputs)).toEqual(new Map(all.map((k) => [k, null])));
      }
    }),
  );
});

const side = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 9 })), { maxLength: 12 });
type Side = readonly (readonly [key: number, value: number])[];

function joined(left: Side, right: Side): unknown[] {
  const rows: unknown[] = [];
  for (const [key, value] of left) {
    const others = right.filter(([other]) => other === key);
    for (const [, other] of others) rows.push([key, value, other]);
    if (others.length === 0) rows.push([key, value, null]);
  }
  for (const [key, value] of right) {
    if (!left.some(([other]) => other === key)) rows.push([key, null, value]);
  }
  return sortedByJson(rows);
}

test("fullJoin gives what a join in one loop gives", async () => {
  await fc.assert(
    fc.asyncProperty(side, side, async (left, right) => {
      const built = pipeline("join", (p) => {
        const read = (pairs: Side) => p.create(pairs).map(([key, value]) => kv(key, value));
        fullJoin(read(left), read(right))
          .map(({ key, value }) => [key, value.left ?? null, value.right ?? null])
          .write(pubsub.topic("out"));
      });
      const run = await runInMemory(built, { engine: { bundleElementsMax: 3 } });
      expect(sortedByJson(run.messages("out"))).toEqual(joined(left, right));
    }),
    { numRuns: 25 },
  );
});
