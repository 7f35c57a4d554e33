/**
 * Create: elements given in the pipeline itself.
 *
 * A split is a range of indexes, so that the elements never travel in a message.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import type { CreateSpec, SourceSpec } from "../../sdk/io/source-spec.ts";
import { MIN_TIMESTAMP, type Timestamp, toTimestamp } from "../../sdk/model/time.ts";
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
      const failures: { text: string; error: Error }[] = [];
      for (const value of elements.slice(first, last)) {
        try {
          chunk.push({ value, timestamp: timeOf(timestamp, value) });
        } catch (cause) {
          const error = cause instanceof Error ? cause : new Error(String(cause));
          failures.push({ text: textOf(value), error });
        }
      }
      return { elements: chunk, next: last < end ? last : undefined, failures };
    },
  };
}

/** The author's function may throw, or give no time: then the element can't be read. */
function timeOf(timestamp: CreateSpec["timestamp"], value: unknown): Timestamp {
  return timestamp === undefined ? MIN_TIMESTAMP : toTimestamp(timestamp(value));
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value); // A cycle or a bigint inside.
  }
}
