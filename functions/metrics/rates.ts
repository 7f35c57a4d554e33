/**
 * Rates: counts of the last minutes, for elements a second.
 *
 * Owns: the slices and the rate that they give. Pure.
 */

/** `[minute, in, out, in of the minute before, out of it, …]`, the newest first. */
export type RateJson = readonly number[];

/** Elements a second, over the last minutes. */
export interface RateResult {
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

const MINUTE_MS = 60_000;
const SLICES = 3;

/** Returns the slices with more counts of one moment. */
export function addCounts(rate: RateJson, atMs: number, taken: number, given: number): RateJson {
  return mergeRates(rate, [Math.floor(atMs / MINUTE_MS), taken, given]);
}

/** Returns two rates as one, as of the newer one's minute. */
export function mergeRates(a: RateJson, b: RateJson): RateJson {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const [older, newer] = (a[0] ?? 0) <= (b[0] ?? 0) ? [a, b] : [b, a];
  const [minute = 0] = newer;
  const behind = minute - (older[0] ?? 0);
  const merged: number[] = [minute];
  for (let slice = 0; slice < SLICES; slice++) {
    for (const side of [1, 2]) {
      const of = (rate: RateJson, i: number): number => (i < 0 ? 0 : (rate[i * 2 + side] ?? 0));
      merged.push(of(newer, slice) + of(older, slice - behind));
    }
  }
  while (merged.length > 3 && merged.at(-1) === 0 && merged.at(-2) === 0) merged.length -= 2;
  return merged;
}

/** Returns the rate of the last whole minutes and of the one at hand, since `sinceMs` at most. */
export function rateResult(rate: RateJson, nowMs: number, sinceMs: number): RateResult {
  const fromMs = Math.max(sinceMs, (Math.floor(nowMs / MINUTE_MS) - SLICES + 1) * MINUTE_MS);
  const seconds = Math.max(1, (nowMs - fromMs) / 1_000);
  // As of this very minute: what is older has left.
  const [, ...counts] = mergeRates(rate, [Math.floor(nowMs / MINUTE_MS), 0, 0]);
  const sum = (side: number): number =>
    counts.reduce((all, count, i) => all + (i % 2 === side ? count : 0), 0);
  return { inPerSecond: sum(0) / seconds, outPerSecond: sum(1) / seconds };
}
