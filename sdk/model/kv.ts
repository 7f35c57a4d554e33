/** A key with a value: what a shuffle groups. */
export interface KV<K, V> {
  readonly key: K;
  readonly value: V;
}

/** The key type of a `KV`. */
export type KeyOf<T> = T extends KV<infer K, unknown> ? K : never;

/** The value type of a `KV`. */
export type ValueOf<T> = T extends KV<unknown, infer V> ? V : never;

/**
 * Returns the pair of a key and a value.
 *
 * @example flights.map((f) => kv(f.origin, f.delay))
 */
export function kv<K, V>(key: K, value: V): KV<K, V> {
  return { key, value };
}
