/**
 * CoGroupByKey: several keyed PCollections, grouped together.
 *
 * Owns: the tagged union: each value travels as `[tag, value]` through one groupByKey. The tag is the
 * author's name and no number, so that another tag can be added and what is stored stays true.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#cogroupbykey
 */
import type { TransformOptions } from "../graph-builder.ts";
import { MeshError } from "../model/errors.ts";
import { type KeyOf, type KV, kv, type ValueOf } from "../model/kv.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import type { ElementOf, PCollection } from "../pcollection.ts";
import { inScopeOf } from "./composite.ts";

type AnyKeyed = PCollection<KV<unknown, unknown>>;

/** What `coGroupByKey` takes: keyed PCollections by tag. */
export type CoGroupInputs = Readonly<Record<string, AnyKeyed>>;

/** The keys of all inputs. */
export type CoGroupKey<I extends CoGroupInputs> = KeyOf<ElementOf<I[keyof I]>>;

/** What `coGroupByKey` gives for a key: the values of each input, in any order. */
export type CoGrouped<I extends CoGroupInputs> = {
  readonly [Tag in keyof I]: readonly ValueOf<ElementOf<I[Tag]>>[];
};

/** Inputs of which each has keys that may be equal to keys of another; `never` for one that has not. */
export type KeysMeet<I extends CoGroupInputs> = {
  readonly [Tag in keyof I]: [Exclude<keyof I, Tag>] extends [never]
    ? I[Tag]
    : [KeyOf<ElementOf<I[Tag]>> & KeyOf<ElementOf<I[Exclude<keyof I, Tag>]>>] extends [never]
      ? never
      : I[Tag];
};

/**
 * Groups several keyed PCollections: for each key and window, the values of each of them; none where
 * it has no such key. All must be windowed alike.
 *
 * @param inputs - the PCollections, by the names that their values shall have
 * @throws ERR_PIPELINE if there is no input, or if they belong to different pipelines; `compile`
 *   throws it if they are windowed differently
 * @example coGroupByKey({ orders, users }).map(({ key, value }) => ({ key, n: value.orders.length }))
 * @see https://beam.apache.org/documentation/programming-guide/#cogroupbykey
 */
export function coGroupByKey<I extends CoGroupInputs>(
  inputs: I & KeysMeet<I>,
  options: TransformOptions = {},
): PCollection<KV<CoGroupKey<I>, CoGrouped<I>>> {
  return addCoGroup(inputs, options) as PCollection<KV<CoGroupKey<I>, CoGrouped<I>>>;
}

type Group = Readonly<Record<string, readonly unknown[]>>;

/** As `coGroupByKey`, for callers that know the types already. */
export function addCoGroup(
  inputs: CoGroupInputs,
  options: TransformOptions,
): PCollection<KV<unknown, Group>> {
  const tags = Object.keys(inputs);
  const [first, ...rest] = Object.values(inputs);
  if (first === undefined) {
    throw new MeshError(
      "ERR_PIPELINE",
      `coGroupByKey at ${formatPlace(callerPlace())} has no input. Give it a record: { orders, users }.`,
    );
  }
  return inScopeOf(first, "coGroupByKey", options, () => {
    const tagged = [first, ...rest].map((input, i) => addTag(input, tags[i] ?? ""));
    const [union, ...others] = tagged as [PCollection<Tagged>, ...PCollection<Tagged>[]];
    // In the author's scope a name of its own keeps the state when the pipeline around it changes.
    const named = options.name === undefined ? {} : { name: "groupByKey" };
    return union
      .flatten(others)
      .groupByKey(named)
      .map(({ key, value }) => kv(key, split(tags, value)));
  });
}

type Tagged = KV<unknown, readonly [tag: string, value: unknown]>;

function addTag(input: AnyKeyed, tag: string): PCollection<Tagged> {
  return input.within(`tag ${tag}`, () =>
    input.map(({ key, value }): Tagged => kv(key, [tag, value])),
  );
}

function split(tags: readonly string[], values: readonly Tagged["value"][]): Group {
  const byTag = new Map(tags.map((tag): [string, unknown[]] => [tag, []]));
  // A value of a tag that was taken out of the pipeline since has nowhere to go.
  for (const [tag, value] of values) byTag.get(tag)?.push(value);
  return Object.fromEntries(byTag);
}
