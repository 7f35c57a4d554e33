/** largest, smallest: the first and last inputs by their own order. */
import type { CombineFn } from "../combine-fn.ts";
import { type TopBy, top } from "./top.ts";

/** What has an order of its own: numbers, texts by code units, bigints and dates. */
export type Orderable = number | string | bigint | Date;

/**
 * Takes the `n` largest inputs by their own order, the largest first: `top` for what is more than
 * numbers. Of no input: [].
 *
 * @param n - how many, a whole number ≥ 1
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example names.combineGlobally(largest(3))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Top.html
 */
export function largest<I extends Orderable>(n: number): CombineFn<I, I[], I[]> {
  return { ...top<I>(n, { compare: ascending }), name: `largest ${n}` };
}

/**
 * Takes the `n` smallest inputs, the smallest first. Of no input: [].
 *
 * @param n - how many, a whole number ≥ 1
 * `by` gives the number to compare by, or `{ compare }`; the order of the inputs where left out
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example flights.combinePerKey(smallest(3, (f) => f.delay))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Top.html
 */
export function smallest<I extends Orderable>(n: number): CombineFn<I, I[], I[]>;
export function smallest<I>(n: number, by: TopBy<I>): CombineFn<I, I[], I[]>;
export function smallest<I>(n: number, by?: TopBy<I>): CombineFn<I, I[], I[]> {
  const compare = comparison(by);
  return { ...top<I>(n, { compare: (a, b) => compare(b, a) }), name: `smallest ${n}` };
}

function comparison<I>(by: TopBy<I> | undefined): (a: I, b: I) => number {
  if (by === undefined) return ascending;
  return typeof by === "function" ? (a, b) => by(a) - by(b) : by.compare;
}

function ascending<I>(a: I, b: I): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}
