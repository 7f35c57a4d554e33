/** latest: the input with the latest event time. */
import type { CombineFn } from "../combine-fn.ts";
import type { TimestampedValue } from "../reify.ts";

/** The latest so far; null where there is none. */
export type LatestAccumulator<T> = TimestampedValue<T> | null;

/**
 * Takes the input with the latest event time; any of them where several are equal. Of no input:
 * undefined. Inputs carry their time; `latestPerKey()` takes it from the elements themselves.
 *
 * @example positions.apply(reifyTimestamps()).keyBy(({ value }) => value.ship).combinePerKey(latest())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Latest.html
 */
export function latest<T>(): CombineFn<
  TimestampedValue<T>,
  LatestAccumulator<T>,
  TimestampedValue<T> | undefined
> {
  const later = (
    accumulator: LatestAccumulator<T>,
    other: LatestAccumulator<T>,
  ): LatestAccumulator<T> => {
    if (accumulator === null || other === null) return accumulator ?? other;
    return other.timestamp > accumulator.timestamp ? other : accumulator;
  };
  return {
    name: "latest",
    createAccumulator: () => null,
    addInput: later,
    mergeAccumulators: later,
    extractOutput: (accumulator) => accumulator ?? undefined,
  };
}
