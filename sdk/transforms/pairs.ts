/**
 * Pairs: small transforms of key-value pairs that change a key or a value and leave the other.
 */
import { type KV, kv } from "../model/kv.ts";
import type { Composite } from "./composite.ts";

/**
 * The same values with other keys.
 *
 * @example byCity.apply(mapKeys((city) => city.toLowerCase()))
 */
export function mapKeys<K, V, L>(fn: (key: K) => L): Composite<KV<K, V>, KV<L, V>> {
  return (input) =>
    input.within("mapKeys", () => input.map(({ key, value }) => kv(fn(key), value)));
}

/**
 * Other values with the same keys.
 *
 * @example byCity.apply(mapValues((order) => order.cents / 100))
 * @see https://beam.apache.org/documentation/transforms/java/elementwise/mapelements/
 */
export function mapValues<K, V, W>(fn: (value: V) => W): Composite<KV<K, V>, KV<K, W>> {
  return (input) =>
    input.within("mapValues", () => input.map(({ key, value }) => kv(key, fn(value))));
}

/**
 * Any number of values for each, with the same keys.
 *
 * @example byCity.apply(flatMapValues((order) => order.lines))
 * @see https://beam.apache.org/documentation/transforms/java/elementwise/flatmapelements/
 */
export function flatMapValues<K, V, W>(
  fn: (value: V) => Iterable<W>,
): Composite<KV<K, V>, KV<K, W>> {
  return (input) =>
    input.within("flatMapValues", () =>
      input.flatMap(function* ({ key, value }) {
        for (const other of fn(value)) yield kv(key, other);
      }),
    );
}

/**
 * The same pairs, keys as values and values as keys.
 *
 * @example userOfOrder.apply(swapKV()).groupByKey()
 * @see https://beam.apache.org/documentation/transforms/java/elementwise/kvswap/
 */
export function swapKV<K, V>(): Composite<KV<K, V>, KV<V, K>> {
  return (input) => input.within("swapKV", () => input.map(({ key, value }) => kv(value, key)));
}
