/** mean: the mean of numbers, kept as sum and count so that parts can be merged. */
import type { CombineFn } from "../combine-fn.ts";
import { numberOf } from "./number-of.ts";

/** Sum and count of the numbers so far. */
export type MeanAccumulator = [sum: number, count: number];

/**
 * Takes the arithmetic mean of numbers, or of a number of each input. Of no input: NaN, as in Beam.
 *
 * `f` gives the number of an input; the input itself where left out
 * @example flights.combinePerKey(mean((f) => f.delay))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Mean.html
 */
export function mean(): CombineFn<number, MeanAccumulator, number>;
export function mean<I>(f: (input: I) => number): CombineFn<I, MeanAccumulator, number>;
export function mean<I>(f?: (input: I) => number): CombineFn<I, MeanAccumulator, number> {
  const number = numberOf(f);
  return {
    name: "mean",
    createAccumulator: () => [0, 0],
    addInput(accumulator, input) {
      accumulator[0] += number(input);
      accumulator[1] += 1;
      return accumulator;
    },
    mergeAccumulators(accumulator, other) {
      accumulator[0] += other[0];
      accumulator[1] += other[1];
      return accumulator;
    },
    extractOutput: ([total, inputs]) => total / inputs,
  };
}
