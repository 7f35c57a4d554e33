/** approximateQuantiles: the smallest, the largest, and cuts in between. */
import { DDSketch } from "@datadog/sketches-js";
import { MeshError } from "../../model/errors.ts";
import type { CombineFn } from "../combine-fn.ts";
import { numberOf } from "./number-of.ts";
import { mergeSketches, sketchCoder } from "./quantile-sketch.ts";

/** How exact the cuts are, and what is measured. */
export interface ApproximateQuantilesOptions<I> {
  /** How far a cut may be off, as a part of its own size: 0.001 to 0.5; 0.01 where left out. */
  readonly relativeAccuracy?: number;
  /** Gives the number of an input; the input itself where left out. */
  readonly by?: (input: I) => number;
}

const ACCURACY_DEFAULT = 0.01;
const ACCURACY_MIN = 0.001;
const ACCURACY_MAX = 0.5;

/**
 * Estimates the `n` quantiles of numbers: the smallest, n - 2 cuts that divide the inputs evenly, and
 * the largest. So 3 gives smallest, median and largest, and 101 the percentiles. Smallest and largest
 * are exact. Of no input: [].
 *
 * Each cut lies within `relativeAccuracy` of an input of its rank: a cut of 200 ms is off by at most
 * 2 ms. (Beam's own bounds the rank instead.) The state is one number for each bin in use, and grows
 * with the logarithm of the range: numbers from 1 to 1,000,000 fill at most 700 bins at 0.01.
 *
 * @param n - how many, a whole number ≥ 2
 * @throws ERR_OPTION if `n` or the accuracy is out of range
 * @throws ERR_USER_CODE, when it runs, for an input that is not a finite number
 * @example requests.combinePerKey(approximateQuantiles(101, { by: (r) => r.latencyMs }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/ApproximateQuantiles.html
 */
export function approximateQuantiles<I>(
  n: number,
  options: ApproximateQuantilesOptions<I> = {},
): CombineFn<I, DDSketch, number[]> {
  const { relativeAccuracy = ACCURACY_DEFAULT } = options;
  requireOptions(n, relativeAccuracy);
  const number = numberOf(options.by);
  return {
    // Not with `n`, which may change without harm to what is stored.
    name: `approximateQuantiles ${relativeAccuracy}`,
    createAccumulator: () => new DDSketch({ relativeAccuracy }),
    addInput(sketch, input) {
      const value = number(input);
      // The library would count NaN as 0 and fail to store what is infinite.
      if (!Number.isFinite(value)) {
        throw new RangeError(`approximateQuantiles: ${value} is not a finite number.`);
      }
      sketch.accept(value);
      return sketch;
    },
    mergeAccumulators: mergeSketches,
    extractOutput: (sketch) => quantiles(sketch, n),
    accumulatorCoder: sketchCoder(relativeAccuracy),
  };
}

function requireOptions(n: number, accuracy: number): void {
  if (!Number.isSafeInteger(n) || n < 2) {
    throw new MeshError(
      "ERR_OPTION",
      `approximateQuantiles: give a whole number of at least 2, not ${n}.`,
    );
  }
  if (accuracy >= ACCURACY_MIN && accuracy <= ACCURACY_MAX) return;
  throw new MeshError(
    "ERR_OPTION",
    `approximateQuantiles: relativeAccuracy is from ${ACCURACY_MIN} to ${ACCURACY_MAX}, not ${accuracy}.`,
  );
}

function quantiles(sketch: DDSketch, n: number): number[] {
  if (sketch.count === 0) return [];
  const { min, max } = sketch;
  const clamp = (value: number): number => Math.min(max, Math.max(min, value));
  const cuts = Array.from({ length: n - 2 }, (_, i) =>
    clamp(sketch.getValueAtQuantile((i + 1) / (n - 1))),
  );
  return [min, ...cuts, max];
}
