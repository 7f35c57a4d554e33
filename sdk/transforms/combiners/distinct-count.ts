/**
 * distinctCount: how many different inputs, exactly. A sketch that only estimates is another fn.
 */
import { encodeKey } from "../../coders/key-coder.ts";
import type { CombineFn } from "../combine-fn.ts";
import { textSetCoder } from "./text-set.ts";

/**
 * Counts the different inputs, exactly, where inputs are equal as keys are: by value. It remembers
 * each different one, so a window's state grows with their number. Of no input: 0.
 *
 * `f` gives what to compare; the input itself where left out
 * @throws ERR_KEY, when it runs, for a value that has no canonical form
 * @example visits.combinePerKey(distinctCount((v) => v.userId))
 */
export function distinctCount(): CombineFn<unknown, Set<string>, number>;
export function distinctCount<I>(f: (input: I) => unknown): CombineFn<I, Set<string>, number>;
export function distinctCount<I>(f?: (input: I) => unknown): CombineFn<I, Set<string>, number> {
  return {
    name: "distinctCount",
    createAccumulator: () => new Set(),
    addInput: (seen, input) => seen.add(encodeKey(f === undefined ? input : f(input))),
    mergeAccumulators(seen, other) {
      for (const key of other) seen.add(key);
      return seen;
    },
    extractOutput: (seen) => seen.size,
    accumulatorCoder: textSetCoder,
  };
}
