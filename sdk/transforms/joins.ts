/**
 * Joins: pairs of values with equal keys, out of coGroupByKey.
 *
 * Owns: which pairs there are. A join is by key and window, and by pane: what a pane has not got, it
 * does not join. So where a window has more than one pane, accumulate; then each pane gives all pairs
 * so far again.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/joinlibrary/Join.html
 */
import type { TransformOptions } from "../graph-builder.ts";
import { type KV, kv } from "../model/kv.ts";
import type { PCollection } from "../pcollection.ts";
import { addCoGroup } from "./co-group-by-key.ts";
import { inScopeOf } from "./composite.ts";

/** Two values with one key. */
export interface Joined<L, R> {
  readonly left: L;
  readonly right: R;
}

/**
 * Joins two keyed PCollections: each value of `left` with each value of `right` that has an equal key
 * in the same window.
 *
 * @throws ERR_PIPELINE as `coGroupByKey` does
 * @example innerJoin(orders, users).map(({ value: { left, right } }) => ({ ...left, name: right.name }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/joinlibrary/Join.html
 */
export function innerJoin<K, L, R>(
  left: PCollection<KV<K, L>>,
  right: PCollection<KV<K, R>>,
  options: TransformOptions = {},
): PCollection<KV<K, Joined<L, R>>> {
  return addJoin("innerJoin", { left, right }, options, {});
}

/**
 * As `innerJoin`, and each value of `left` that has none to join, with `undefined`.
 *
 * @throws ERR_PIPELINE as `coGroupByKey` does
 * @example leftJoin(orders, users).map(({ value }) => value.right?.name ?? "a guest")
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/joinlibrary/Join.html
 */
export function leftJoin<K, L, R>(
  left: PCollection<KV<K, L>>,
  right: PCollection<KV<K, R>>,
  options: TransformOptions = {},
): PCollection<KV<K, Joined<L, R | undefined>>> {
  return addJoin("leftJoin", { left, right }, options, { keeps: "left" });
}

/**
 * As `innerJoin`, and each value of `right` that has none to join, with `undefined`.
 *
 * @throws ERR_PIPELINE as `coGroupByKey` does
 * @example rightJoin(orders, users).filter(({ value }) => value.left === undefined)
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/joinlibrary/Join.html
 */
export function rightJoin<K, L, R>(
  left: PCollection<KV<K, L>>,
  right: PCollection<KV<K, R>>,
  options: TransformOptions = {},
): PCollection<KV<K, Joined<L | undefined, R>>> {
  return addJoin("rightJoin", { left, right }, options, { keeps: "right" });
}

/**
 * As `innerJoin`, and each value of either that has none to join, with `undefined`.
 *
 * @throws ERR_PIPELINE as `coGroupByKey` does
 * @example fullJoin(planned, done).map(({ value }) => value.left ?? value.right)
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/joinlibrary/Join.html
 */
export function fullJoin<K, L, R>(
  left: PCollection<KV<K, L>>,
  right: PCollection<KV<K, R>>,
  options: TransformOptions = {},
): PCollection<KV<K, Joined<L, R | undefined> | Joined<undefined, R>>> {
  return addJoin("fullJoin", { left, right }, options, { keeps: "both" });
}

interface Sides {
  readonly left: PCollection<KV<unknown, unknown>>;
  readonly right: PCollection<KV<unknown, unknown>>;
}

interface Outer {
  /** Whose values stay that have none to join. */
  readonly keeps?: "left" | "right" | "both";
}

function addJoin<K, J>(
  label: string,
  sides: Sides,
  options: TransformOptions,
  { keeps }: Outer,
): PCollection<KV<K, J>> {
  const keepsLeft = keeps === "left" || keeps === "both";
  const keepsRight = keeps === "right" || keeps === "both";
  // As many pairs as the product of both: a generator, so that they are never all in memory.
  function* pairs({ key, value }: KV<unknown, Readonly<Record<string, readonly unknown[]>>>) {
    const lefts = padded(value["left"], keepsRight);
    const rights = padded(value["right"], keepsLeft);
    for (const left of lefts) {
      for (const right of rights) yield kv(key, { left, right }) as KV<K, J>;
    }
  }
  return inScopeOf(sides.left, label, options, () => {
    const named = options.name === undefined ? {} : { name: "coGroupByKey" };
    return addCoGroup({ ...sides }, named).flatMap(pairs);
  });
}

const absent: readonly unknown[] = [undefined];

/** The values of a side, or one that is absent, where the other side's stay without. */
function padded(values: readonly unknown[] = [], othersStay: boolean): readonly unknown[] {
  return values.length === 0 && othersStay ? absent : values;
}
