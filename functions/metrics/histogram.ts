/**
 * Histogram: durations in buckets of powers of two, few enough bytes to travel in every head.
 *
 * Owns: the form and what is read out of it. Pure. A quantile is exact to its bucket: within a
 * factor of two, and never above the largest duration seen.
 */

/** `[largest ms, count of bucket 0, of bucket 1, …]`; bucket 0 is below 1 ms, bucket i below 2^i. */
export type HistogramJson = readonly number[];

/** A histogram as people read it. */
export interface HistogramResult {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** The last bucket takes everything from 2^30 ms (12 days) on. */
const BUCKETS = 32;

/** Adds one duration in place. */
export function addDuration(histogram: number[], durationMs: number): void {
  const ms = Math.max(0, Math.round(durationMs));
  const bucket = ms < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms)) + 1);
  while (histogram.length < bucket + 2) histogram.push(0);
  histogram[0] = Math.max(histogram[0] ?? 0, ms);
  histogram[bucket + 1] = (histogram[bucket + 1] ?? 0) + 1;
}

/** Returns two histograms as one. */
export function mergeHistograms(a: HistogramJson, b: HistogramJson): HistogramJson {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  return longer.map((count, i) =>
    i === 0 ? Math.max(count, shorter[0] ?? 0) : count + (shorter[i] ?? 0),
  );
}

/** Returns what is read out of a histogram; undefined if it is empty. */
export function histogramResult(histogram: HistogramJson): HistogramResult | undefined {
  const [maxMs = 0, ...counts] = histogram;
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count === 0) return undefined;
  return { count, p50Ms: quantile(0.5), p95Ms: quantile(0.95), maxMs };

  /** Elements of a bucket are taken to lie evenly in it. */
  function quantile(fraction: number): number {
    let rest = fraction * count;
    for (const [i, inBucket] of counts.entries()) {
      if (rest <= inBucket) {
        const from = i === 0 ? 0 : 2 ** (i - 1);
        const to = Math.min(i === 0 ? 1 : 2 ** i, maxMs);
        return Math.round(Math.min(maxMs, from + (to - from) * (rest / inBucket)));
      }
      rest -= inBucket;
    }
    return maxMs;
  }
}
