/**
 * Create: elements given in the pipeline itself.
 *
 * A split is a range of indexes, so that the elements never travel in a message.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import type { SourceSpec } from "../../sdk/io/source-spec.ts";
import { MIN_TIMESTAMP, toTimestamp } from "../../sdk/model/time.ts";
import type { BoundedSource, SourceElement } from "../ports.ts";

/** Returns the reader of a `create`; undefined for another source. */
export function createSource(spec: SourceSpec): BoundedSource | undefined {
  if (spec.type !== "create") return undefined;
  const { elements, timestamp } = spec;
  return {
    async splits(wanted: number): Promise<readonly Json[]> {
      const size = Math.max(1, Math.ceil(elements.length / wanted));
      const splits: Json[] = [];
      for (let from = 0; from < elements.length; from += size) {
        splits.push([from, Math.min(elements.length, from + size)]);
      }
      return splits;
    },
    async read(split: Json, from: Json | undefined, elementsMax: number) {
      const [start, end] = split as [number, number];
      const first = (from as number | undefined) ?? start;
      const last = Math.min(end, first + elementsMax);
      const chunk: SourceElement[] = [];
      for (let i = first; i < last; i++) {
        const value = elements[i];
        const time = timestamp === undefined ? MIN_TIMESTAMP : toTimestamp(timestamp(value));
        chunk.push({ value, timestamp: time });
      }
      return { elements: chunk, next: last < end ? last : undefined, failures: [] };
    },
  };
}
