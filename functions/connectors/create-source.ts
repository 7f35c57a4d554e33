/**
 * Create: elements given in the pipeline itself.
 *
 * A restriction is a range of indexes, so that the elements never travel in a message.
 */
import type { CreateSpec, SourceSpec } from "../../sdk/io/source-spec.ts";
import {
  type OffsetRange,
  OffsetRangeTracker,
  splitOffsetRange,
} from "../../sdk/io/splittable/offset-range.ts";
import type { Claims } from "../../sdk/io/splittable/restriction-tracker.ts";
import type {
  AnySplittable,
  ReadContext,
  SplittableDoFn,
} from "../../sdk/io/splittable/splittable.ts";

/** Returns the read of a `create`; undefined for another source. */
export function createSource(spec: SourceSpec): AnySplittable | undefined {
  if (spec.type !== "create") return undefined;
  const read: SplittableDoFn<unknown, unknown, OffsetRange, number> = {
    name: "create",
    bounded: true,
    initialRestriction: () => ({ from: 0, to: spec.elements.length }),
    split: (range, wanted) => splitOffsetRange(range, wanted),
    newTracker: (range) => new OffsetRangeTracker(range),
    process: (_, tracker, out) => giveElements(spec, tracker, out),
  };
  return read as AnySplittable;
}

function giveElements(
  { elements, timestamp }: CreateSpec,
  tracker: Claims<OffsetRange, number>,
  out: ReadContext<unknown>,
): undefined {
  for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) {
    const value = elements[i];
    if (timestamp === undefined) {
      out.output(value);
      continue;
    }
    try {
      out.output(value, { timestamp: timestamp(value) });
    } catch (cause) {
      out.setAside(value, cause); // The function threw, or gave no time.
    }
  }
}
