/**
 * distinct: each different element once for each window, when it is first seen.
 *
 * Owns: a combine that makes equal elements meet, and a filter that lets the first pane of each
 * through: later panes, of a late element or of a trigger that fires again, say nothing new.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Distinct.html
 */
import { type KV, kv } from "../model/kv.ts";
import type { PCollection } from "../pcollection.ts";
import { count } from "./combiners/count.ts";
import { sampleAny } from "./combiners/sample.ts";
import type { Composite } from "./composite.ts";

/**
 * Each different element once for each window. Elements are equal as keys are: by value, so they
 * must be what a key can be; an element that can't is a dead letter with ERR_KEY.
 *
 * @example visits.map((v) => v.userId).apply(distinct())
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Distinct.html
 */
export function distinct<T>(): Composite<T, T> {
  return (input) =>
    input.within("distinct", () => {
      const counts = input.map((element) => kv(element, null)).combinePerKey(count());
      return firstPanes(counts).map(({ key }) => key);
    });
}

/**
 * One element, any, of those for which `fn` gives an equal value, once for each window.
 *
 * @param fn - gives what to compare, by value
 * @example orders.apply(distinctBy((order) => order.id))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Distinct.WithRepresentativeValues.html
 */
export function distinctBy<T>(fn: (element: T) => unknown): Composite<T, T> {
  return (input) =>
    input.within("distinctBy", () => {
      const samples = input.keyBy(fn).combinePerKey(sampleAny<T>(1));
      return firstPanes(samples).flatMap(({ value }) => value);
    });
}

function firstPanes<K, V>(input: PCollection<KV<K, V>>): PCollection<KV<K, V>> {
  return input.parDo<KV<K, V>>({
    process(pair, context) {
      if (context.pane.isFirst) context.output(pair);
    },
  });
}
