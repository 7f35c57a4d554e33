/**
 * toList, toSet, toMap: all inputs, in one value.
 *
 * The state of a window grows with what is collected; one key and window must fit into a document.
 */
import type { Coder, Json } from "../../coders/coder.ts";
import { anyCoder } from "../../coders/json-coder.ts";
import { decodeKey, encodeKey } from "../../coders/key-coder.ts";
import { MeshError } from "../../model/errors.ts";
import type { KV } from "../../model/kv.ts";
import type { CombineFn } from "../combine-fn.ts";
import { textSetCoder } from "./text-set.ts";

/**
 * Collects all inputs in a list, in any order. Of no input: []. For all values of a key,
 * `groupByKey` is cheaper: it never writes the older ones again.
 *
 * @example words.combineGlobally({ all: toList(), n: count() })
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/View.html
 */
export function toList<I>(): CombineFn<I, I[], I[]> {
  return {
    name: "toList",
    createAccumulator: () => [],
    addInput(list, input) {
      list.push(input);
      return list;
    },
    mergeAccumulators(list, other) {
      // One by one: a spread of a long list would overflow the stack.
      for (const input of other) list.push(input);
      return list;
    },
    extractOutput: (list) => list.slice(),
  };
}

/**
 * Collects the different inputs, which are equal as keys are: by value. So two equal objects are one
 * member. Of no input: an empty Set.
 *
 * @throws ERR_KEY, when it runs, for a value that has no canonical form
 * @example visits.keyBy((v) => v.page).apply(mapValues((v) => v.userId)).combinePerKey(toSet())
 * @see https://beam.apache.org/releases/pydoc/current/apache_beam.transforms.combiners.html
 */
export function toSet<I>(): CombineFn<I, Set<string>, Set<I>> {
  return {
    name: "toSet",
    createAccumulator: () => new Set(),
    addInput: (texts, input) => texts.add(encodeKey(input)),
    mergeAccumulators(texts, other) {
      for (const text of other) texts.add(text);
      return texts;
    },
    extractOutput: (texts) => new Set([...texts].map((text) => decodeKey(text) as I)),
    accumulatorCoder: textSetCoder,
  };
}

/** Values by the texts of their keys, and the texts that came more than once. */
export interface MapAccumulator<V> {
  readonly values: Map<string, V>;
  readonly twice: Set<string>;
}

/**
 * Collects pairs in a Map. Of no input: an empty Map. Look keys up that are primitives: two equal
 * objects are two keys of a JavaScript Map.
 *
 * A key that comes twice is an error, which names the key; the pane then becomes a dead letter with
 * ERR_USER_CODE, since no value is better than the other. Combine by key first where that can be.
 *
 * @example rates.keyBy((r) => r.currency).apply(latestPerKey()).combineGlobally(toMap())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/View.html
 */
export function toMap<K, V>(): CombineFn<KV<K, V>, MapAccumulator<V>, Map<K, V>> {
  const add = (into: MapAccumulator<V>, text: string, value: V): void => {
    if (into.values.has(text)) into.twice.add(text);
    else into.values.set(text, value);
  };
  return {
    name: "toMap",
    createAccumulator: () => ({ values: new Map(), twice: new Set() }),
    addInput(accumulator, { key, value }) {
      add(accumulator, encodeKey(key), value);
      return accumulator;
    },
    mergeAccumulators(accumulator, { values, twice }) {
      for (const [text, value] of values) add(accumulator, text, value);
      for (const text of twice) accumulator.twice.add(text);
      return accumulator;
    },
    extractOutput({ values, twice }) {
      requireOnce(twice);
      return new Map([...values].map(([text, value]) => [decodeKey(text) as K, value]));
    },
    accumulatorCoder: mapCoder as Coder<MapAccumulator<V>>,
  };
}

/**
 * Told when a pane is made: an error while adding would stop the bundle in which a key stands twice,
 * and no single element of it is to blame.
 */
function requireOnce(twice: ReadonlySet<string>): void {
  if (twice.size === 0) return;
  const [first = ""] = [...twice].sort();
  const more = twice.size > 1 ? ` and ${twice.size - 1} more` : "";
  throw new Error(`toMap: the key ${JSON.stringify(decodeKey(first))}${more} has several values.`);
}

const mapCoder: Coder<MapAccumulator<unknown>> = {
  name: "toMap",
  encode: ({ values, twice }) => [anyCoder.encode([...values]), [...twice]],
  decode(json: Json) {
    const [entries, twice] = Array.isArray(json) ? (json as Json[]) : [];
    if (!Array.isArray(entries) || !Array.isArray(twice)) {
      throw new MeshError(
        "ERR_DECODE",
        "toMap: a list of entries and a list of keys were expected.",
      );
    }
    const values = new Map(anyCoder.decode(entries) as [string, unknown][]);
    return { values, twice: new Set(twice as string[]) };
  },
};
