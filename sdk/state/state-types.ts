/**
 * State: what a stateful DoFn sees of each kind of state.
 *
 * Owns: the interfaces. Does not own: how a kind is declared (state-specs.ts), or where it is kept
 * (functions/stateful/).
 *
 * All state belongs to one key in one window. Reads see what the same element has written. Nothing
 * waits: an open shard holds its state in memory.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#types-of-state
 */
import type { Timestamp, TimestampLike } from "../model/time.ts";
import type { TimestampedValue } from "../transforms/reify.ts";

/** One value. */
export interface ValueState<T> {
  /** Returns the value; undefined if there is none. */
  read(): T | undefined;
  write(value: T): void;
  clear(): void;
}

/** Any number of values, in the order in which they were added. */
export interface BagState<T> {
  /** Adds a value without reading the others. */
  add(value: T): void;
  read(): readonly T[];
  isEmpty(): boolean;
  clear(): void;
}

/** A fold: what was added, through a CombineFn. */
export interface CombiningState<I, O> {
  add(input: I): void;
  /** Returns the output of all that was added; of nothing, what the CombineFn gives for it. */
  read(): O;
  isEmpty(): boolean;
  clear(): void;
}

/** Values by key. Keys are equal by value: see `encodeKey`. */
export interface MapState<K, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  put(key: K, value: V): void;
  /** Puts a value if there is none; returns the one that was there. */
  putIfAbsent(key: K, value: V): V | undefined;
  remove(key: K): void;
  keys(): readonly K[];
  values(): readonly V[];
  entries(): readonly (readonly [K, V])[];
  isEmpty(): boolean;
  clear(): void;
}

/** Each value once. Values are equal as keys are: see `encodeKey`. */
export interface SetState<T> {
  add(value: T): void;
  /** Adds a value; returns false if it was in already. */
  addIfAbsent(value: T): boolean;
  has(value: T): boolean;
  remove(value: T): void;
  read(): readonly T[];
  isEmpty(): boolean;
  clear(): void;
}

/** Values in the order of their timestamps; of equal ones, in the order of adding. */
export interface OrderedListState<T> {
  /** Adds a value without reading the others. */
  add(timestamp: TimestampLike, value: T): void;
  read(): readonly TimestampedValue<T>[];
  /** Returns what lies in `from ≤ t < to`. */
  readRange(from: TimestampLike, to: TimestampLike): readonly TimestampedValue<T>[];
  /** Returns the earliest timestamp, without reading values; undefined if there is none. */
  earliest(): Timestamp | undefined;
  isEmpty(): boolean;
  clear(): void;
  /** Removes what lies in `from ≤ t < to`. */
  clearRange(from: TimestampLike, to: TimestampLike): void;
}

/** Any number of values by key. Keys are equal by value: see `encodeKey`. */
export interface MultimapState<K, V> {
  /** Adds a value without reading the others. */
  put(key: K, value: V): void;
  /** Returns the values of a key, in the order of adding. */
  get(key: K): readonly V[];
  has(key: K): boolean;
  /** Removes all values of a key. */
  remove(key: K): void;
  keys(): readonly K[];
  entries(): readonly (readonly [K, readonly V[]])[];
  isEmpty(): boolean;
  clear(): void;
}
