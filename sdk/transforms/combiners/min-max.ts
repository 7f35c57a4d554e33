/**
 * The smallest and the largest number. NaN wins over every number, as in `Math.min`.
 */
import type { CombineFn } from "../combine-fn.ts";
import { numberOf } from "./number-of.ts";

/**
 * Takes the smallest of numbers, or of a number of each input. Of no input: Infinity.
 *
 * `f` gives the number of an input; the input itself where left out
 * @example bids.combinePerKey(min((b) => b.price))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Min.html
 */
export function min(): CombineFn<number, number, number>;
export function min<I>(f: (input: I) => number): CombineFn<I, number, number>;
export function min<I>(f?: (input: I) => number): CombineFn<I, number, number> {
  return extreme("min", Number.POSITIVE_INFINITY, Math.min, numberOf(f));
}

/**
 * Takes the largest of numbers, or of a number of each input. Of no input: -Infinity.
 *
 * `f` gives the number of an input; the input itself where left out
 * @example bids.combinePerKey(max((b) => b.price))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Max.html
 */
export function max(): CombineFn<number, number, number>;
export function max<I>(f: (input: I) => number): CombineFn<I, number, number>;
export function max<I>(f?: (input: I) => number): CombineFn<I, number, number> {
  return extreme("max", Number.NEGATIVE_INFINITY, Math.max, numberOf(f));
}

function extreme<I>(
  name: string,
  identity: number,
  choose: (a: number, b: number) => number,
  number: (input: I) => number,
): CombineFn<I, number, number> {
  return {
    name,
    createAccumulator: () => identity,
    addInput: (accumulator, input) => choose(accumulator, number(input)),
    mergeAccumulators: choose,
    extractOutput: (accumulator) => accumulator,
  };
}
