/**
 * latestPerKey, latestGlobally: the element with the latest event time.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Latest.html
 */
import { type KV, kv } from "../model/kv.ts";
import { latest } from "./combiners/latest.ts";
import type { Composite } from "./composite.ts";
import { reifyTimestamps, type TimestampedValue } from "./reify.ts";

/**
 * The value with the latest event time for each key and window; any of them where several are equal.
 *
 * @example positions.keyBy((p) => p.ship).apply(latestPerKey())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Latest.html
 */
export function latestPerKey<K, V>(): Composite<KV<K, V>, KV<K, V>> {
  return (input) =>
    input.within("latestPerKey", () =>
      input
        .parDo<KV<K, TimestampedValue<V>>>({
          process({ key, value }, context) {
            context.output(kv(key, { value, timestamp: context.timestamp }));
          },
        })
        .combinePerKey(latest<V>())
        // A pane without a value is one that says that a window has closed.
        .flatMap(({ key, value }) => (value === undefined ? [] : [kv(key, value.value)])),
    );
}

/**
 * The element with the latest event time in each window; any of them where several are equal, and
 * nothing where there is no element.
 *
 * @example prices.windowInto(fixedWindows({ minutes: 1 })).apply(latestGlobally())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Latest.html
 */
export function latestGlobally<T>(): Composite<T, T> {
  return (input) =>
    input.within("latestGlobally", () =>
      input
        .apply(reifyTimestamps())
        .combineGlobally(latest<T>(), { withoutDefaults: true })
        .flatMap((last) => (last === undefined ? [] : [last.value])),
    );
}
