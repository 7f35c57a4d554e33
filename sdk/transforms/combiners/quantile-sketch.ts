/**
 * Quantile sketch: DDSketch, as accumulator of a combine.
 *
 * Owns: merging and the form as data. Does not own: the bins (the library).
 *
 * The library's own merge loses negative values, and misplaces what falls into the bin of 1; its
 * protobuf form loses smallest and largest. So parts are merged bin by bin through its `add`, and
 * travel as lists: `[smallest, largest, zeros, positive bins, negative bins]`, bins as
 * `[key, count, key, count, …]`.
 *
 * QS1. Equal multisets of values give equal sketches, in whatever split and order.
 *
 * @see Masson, Rim, Lee, DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees (2019), https://arxiv.org/abs/1908.10693
 */
import { DDSketch } from "@datadog/sketches-js";
import type { Coder, Json } from "../../coders/coder.ts";
import { MeshError } from "../../model/errors.ts";

type Store = DDSketch["store"];

/** Adds all that `other` holds to `sketch`, and leaves `other` as it is. */
export function mergeSketches(sketch: DDSketch, other: DDSketch): DDSketch {
  addBins(sketch.store, binsOf(other.store));
  addBins(sketch.negativeStore, binsOf(other.negativeStore));
  sketch.zeroCount += other.zeroCount;
  sketch.min = Math.min(sketch.min, other.min);
  sketch.max = Math.max(sketch.max, other.max);
  sketch.count += other.count;
  return sketch;
}

/** Returns how sketches of one accuracy cross an edge. */
export function sketchCoder(relativeAccuracy: number): Coder<DDSketch> {
  return {
    name: `ddSketch ${relativeAccuracy}`,
    encode({ count, min, max, zeroCount, store, negativeStore }) {
      // Smallest and largest of nothing are infinite, which JSON can't say.
      return count === 0 ? [] : [min, max, zeroCount, binsOf(store), binsOf(negativeStore)];
    },
    decode(json: Json) {
      const sketch = new DDSketch({ relativeAccuracy });
      if (!Array.isArray(json)) throw notSketch();
      if (json.length === 0) return sketch;
      const [min, max, zeros, positive, negative] = json as readonly Json[];
      if (!Array.isArray(positive) || !Array.isArray(negative)) throw notSketch();
      addBins(sketch.store, positive as readonly number[]);
      addBins(sketch.negativeStore, negative as readonly number[]);
      sketch.zeroCount = Number(zeros);
      sketch.min = Number(min);
      sketch.max = Number(max);
      sketch.count = sketch.zeroCount + sketch.store.count + sketch.negativeStore.count;
      return sketch;
    },
  };
}

function binsOf({ bins, offset }: Store): number[] {
  const pairs: number[] = [];
  for (const [i, count] of bins.entries()) {
    if (count > 0) pairs.push(i + offset, count);
  }
  return pairs;
}

function addBins(store: Store, pairs: readonly number[]): void {
  for (let i = 0; i < pairs.length; i += 2) store.add(pairs[i] ?? 0, pairs[i + 1] ?? 0);
}

function notSketch(): MeshError {
  return new MeshError("ERR_DECODE", "approximateQuantiles: a list of bins was expected.");
}
