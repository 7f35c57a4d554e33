/** sum: the sum of numbers. */
import type { CombineFn } from "../combine-fn.ts";
import { numberOf } from "./number-of.ts";

/**
 * Sums numbers, or a number of each input. Of no input: 0. Floating-point numbers are added as they
 * come, so the last digits may depend on the order.
 *
 * `f` gives the number of an input; the input itself where left out
 * @example sales.combinePerKey(sum((s) => s.cents))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Sum.html
 */
export function sum(): CombineFn<number, number, number>;
export function sum<I>(f: (input: I) => number): CombineFn<I, number, number>;
export function sum<I>(f?: (input: I) => number): CombineFn<I, number, number> {
  const number = numberOf(f);
  return {
    name: "sum",
    createAccumulator: () => 0,
    addInput: (accumulator, input) => accumulator + number(input),
    mergeAccumulators: (accumulator, other) => accumulator + other,
    extractOutput: (accumulator) => accumulator,
  };
}
