/** top: the largest inputs, in a list that never grows past `n`. */
import { MeshError } from "../../model/errors.ts";
import type { CombineFn } from "../combine-fn.ts";

/** What "largest" means: by a number of each input, or by a comparison as in `Array.sort`. */
export type TopBy<I> = ((input: I) => number) | TopComparison<I>;

/** A comparison by which `top` orders. */
export interface TopComparison<I> {
  /** Negative if `a` is smaller than `b`, positive if larger, 0 if equal. */
  readonly compare: (a: I, b: I) => number;
}

/**
 * Takes the `n` largest inputs, the largest first. Inputs that compare equal may stand in any order,
 * and any of them may be left out at the end. Of no input: [].
 *
 * @param n - how many, a whole number ≥ 1
 * `by` gives the number to compare by, or `{ compare }`; the input itself where left out
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example flights.combinePerKey(top(3, (f) => f.delay))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Top.html
 */
export function top(n: number): CombineFn<number, number[], number[]>;
export function top<I>(n: number, by: TopBy<I>): CombineFn<I, I[], I[]>;
export function top<I>(n: number, by: TopBy<I> = Number): CombineFn<I, I[], I[]> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MeshError("ERR_OPTION", `top: give a whole number of at least 1, not ${n}.`);
  }
  const compare = comparison(by);
  const add = (largest: I[], input: I): I[] => insert({ largest, input, n, compare });
  return {
    name: `top ${n}`,
    createAccumulator: () => [],
    addInput: add,
    mergeAccumulators: (largest, other) => other.reduce(add, largest),
    extractOutput: (largest) => largest.slice(),
  };
}

function comparison<I>(by: TopBy<I>): (a: I, b: I) => number {
  return typeof by === "function" ? (a, b) => by(a) - by(b) : by.compare;
}

interface Insertion<I> {
  /** The largest so far, in descending order. */
  readonly largest: I[];
  readonly input: I;
  readonly n: number;
  readonly compare: (a: I, b: I) => number;
}

function insert<I>({ largest, input, n, compare }: Insertion<I>): I[] {
  if (largest.length >= n && !(compare(input, largest[n - 1] as I) > 0)) return largest;
  let from = 0;
  let to = largest.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (compare(input, largest[middle] as I) > 0) to = middle;
    else from = middle + 1;
  }
  largest.splice(from, 0, input);
  if (largest.length > n) largest.pop();
  return largest;
}
