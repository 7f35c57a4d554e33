/** count: how many inputs. */
import type { CombineFn } from "../combine-fn.ts";

/**
 * Counts the inputs. Of no input: 0.
 *
 * @example words.keyBy((w) => w).combinePerKey(count())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Count.html
 */
export function count(): CombineFn<unknown, number, number> {
  return {
    name: "count",
    createAccumulator: () => 0,
    addInput: (accumulator) => accumulator + 1,
    mergeAccumulators: (accumulator, other) => accumulator + other,
    extractOutput: (accumulator) => accumulator,
  };
}
