/**
 * Offset ranges: restrictions of whole numbers, half-open, and their tracker.
 *
 * Owns: ranges with an end and without one (growable). Does not own: what a position means.
 *
 * @see Beam's OffsetRangeTracker and GrowableOffsetRangeTracker
 */
import type { Progress, RestrictionTracker, SplitResult } from "./restriction-tracker.ts";

/** Whole numbers `from ≤ n < to`. A restriction may have further fields: every split keeps them. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** The end of a range that has none yet. */
export const MAX_OFFSET: number = Number.MAX_SAFE_INTEGER;

/**
 * Tracks a range of whole numbers. A range whose end is `MAX_OFFSET` is growable: it is split by an
 * estimate of where its end is now, and goes on without end.
 *
 * @example newTracker: (range) => new OffsetRangeTracker(range)
 */
export class OffsetRangeTracker<R extends OffsetRange = OffsetRange>
  implements RestrictionTracker<R, number>
{
  #range: R;
  #lastAttempted: number | undefined;
  readonly #estimateEnd: (() => number) | undefined;

  /** @param estimateEnd - where a growable range ends for now: as far as there is something to read */
  constructor(range: R, estimateEnd?: () => number) {
    this.#range = range;
    this.#estimateEnd = estimateEnd;
  }

  /** @throws Error if the position does not go up, or lies before the range */
  tryClaim(position: number): boolean {
    const { from, to } = this.#range;
    const last = this.#lastAttempted;
    if (last !== undefined && position <= last) {
      throw new Error(`tryClaim(${position}) after tryClaim(${last}): positions must go up.`);
    }
    if (position < from) throw new Error(`tryClaim(${position}) lies before ${from}.`);
    this.#lastAttempted = position;
    return position < to;
  }

  currentRestriction(): R {
    return this.#range;
  }

  trySplit(fractionOfRemainder: number): SplitResult<R> | undefined {
    const range = this.#range;
    const position = this.#lastAttempted ?? range.from - 1;
    const part = Math.floor((this.#endAfter(position) - position) * fractionOfRemainder);
    const at = position + Math.max(1, part);
    if (at >= range.to) return undefined;
    this.#range = { ...range, to: at };
    return { primary: this.#range, residual: { ...range, from: at } };
  }

  checkDone(): void {
    const { from, to } = this.#range;
    const last = this.#lastAttempted ?? from - 1;
    if (from >= to || last >= to - 1) return;
    throw new Error(`[${last + 1}, ${to}) of [${from}, ${to}) was not claimed.`);
  }

  getProgress(): Progress {
    const { from, to } = this.#range;
    const position = this.#lastAttempted ?? from - 1;
    const end = this.#endAfter(position);
    const next = Math.min(position + 1, to);
    return { done: next - from, remaining: Math.max(0, end - next) };
  }

  #endAfter(position: number): number {
    const { to } = this.#range;
    if (to < MAX_OFFSET || this.#estimateEnd === undefined) return to;
    return Math.max(position + 1, this.#estimateEnd());
  }
}

/**
 * Returns a range as about `wanted` ranges of one size; an empty one as none.
 *
 * @param sizeMin - no range but the last is smaller
 * @example split: (range, wanted) => splitOffsetRange(range, wanted, 1_000)
 */
export function splitOffsetRange<R extends OffsetRange>(
  range: R,
  wanted: number,
  sizeMin = 1,
): R[] {
  const { from, to } = range;
  const size = Math.max(sizeMin, Math.ceil((to - from) / wanted));
  const ranges: R[] = [];
  for (let start = from; start < to; start += size) {
    ranges.push({ ...range, from: start, to: Math.min(to, start + size) });
  }
  return ranges;
}
