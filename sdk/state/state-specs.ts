/**
 * State specs: what an author declares under `state` of a stateful DoFn.
 *
 * Owns: one function for each kind of state. Does not own: what can be done with it
 * (state-types.ts).
 */
import type { Coder } from "../coders/coder.ts";
import { anyCoder } from "../coders/json-coder.ts";
import type { CombineFn } from "../transforms/combine-fn.ts";
import { type Combining, toCombineFn } from "../transforms/combine-record.ts";
import type {
  BagState,
  CombiningState,
  MapState,
  MultimapState,
  OrderedListState,
  SetState,
  ValueState,
} from "./state-types.ts";

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;

/** One declared state; `H` is what the DoFn sees of it. */
export type StateSpec<H = unknown> = (
  | {
      readonly kind: "value" | "bag" | "map" | "orderedList" | "multimap";
      readonly coder: Coder<unknown>;
    }
  | { readonly kind: "combining"; readonly coder: Coder<unknown>; readonly fn: AnyCombineFn }
  | { readonly kind: "set" }
) & {
  /** Exists in types only: makes `H` count. */
  readonly handle?: H;
};

/** How values are stored. */
export interface StateOptions<T> {
  /** Turns values into JSON-shaped data and back; any JSON-shaped value by default. */
  readonly coder?: Coder<T>;
}

/**
 * Declares one value.
 *
 * @example state: { seen: valueState<boolean>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/ValueState.html
 */
export function valueState<T>(options: StateOptions<T> = {}): StateSpec<ValueState<T>> {
  return { kind: "value", coder: coderOf(options) };
}

/**
 * Declares a bag: values that are added without reading the others.
 *
 * @example state: { buffer: bagState<Order>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/BagState.html
 */
export function bagState<T>(options: StateOptions<T> = {}): StateSpec<BagState<T>> {
  return { kind: "bag", coder: coderOf(options) };
}

/**
 * Declares a fold over what is added, by one CombineFn or a record of them.
 *
 * @throws ERR_OPTION if `combining` is neither
 * @example state: { total: combiningState(sum()) }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/CombiningState.html
 */
export function combiningState<I, O>(
  combining: Combining<I, O>,
  options: StateOptions<unknown> = {},
): StateSpec<CombiningState<I, O>> {
  const fn = toCombineFn(combining);
  return { kind: "combining", fn, coder: options.coder ?? fn.accumulatorCoder ?? anyCoder };
}

/**
 * Declares values by key. `coder` is that of the values.
 *
 * @example state: { lastPrice: mapState<string, number>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/MapState.html
 */
export function mapState<K, V>(options: StateOptions<V> = {}): StateSpec<MapState<K, V>> {
  return { kind: "map", coder: coderOf(options) };
}

/**
 * Declares a set. Its values must be such as can be keys.
 *
 * @example state: { visitors: setState<string>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/SetState.html
 */
export function setState<T>(): StateSpec<SetState<T>> {
  return { kind: "set" };
}

/**
 * Declares a list that is ordered by timestamps, and read and cleared by ranges of them.
 *
 * @example state: { log: orderedListState<string>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/OrderedListState.html
 */
export function orderedListState<T>(options: StateOptions<T> = {}): StateSpec<OrderedListState<T>> {
  return { kind: "orderedList", coder: coderOf(options) };
}

/**
 * Declares any number of values by key. `coder` is that of the values.
 *
 * @example state: { orders: multimapState<string, Order>() }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/state/MultimapState.html
 */
export function multimapState<K, V>(options: StateOptions<V> = {}): StateSpec<MultimapState<K, V>> {
  return { kind: "multimap", coder: coderOf(options) };
}

function coderOf<T>({ coder }: StateOptions<T>): Coder<unknown> {
  return (coder as Coder<unknown> | undefined) ?? anyCoder;
}
