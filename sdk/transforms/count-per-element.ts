/** countPerElement: how often each different element occurs. */
import { type KV, kv } from "../model/kv.ts";
import { count } from "./combiners/count.ts";
import type { Composite } from "./composite.ts";

/**
 * How often each different element occurs in a window. Elements are equal as keys are: by value.
 *
 * @example words.apply(countPerElement()) // { key: "mesh", value: 3 }
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Count.html
 */
export function countPerElement<T>(): Composite<T, KV<T, number>> {
  return (input) =>
    input.within("countPerElement", () =>
      input.map((element) => kv(element, null)).combinePerKey(count()),
    );
}
