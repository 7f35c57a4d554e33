/**
 * Time: one branded number of whole milliseconds since 1970-01-01T00:00:00Z.
 *
 * Owns: the range of event time and the conversions into it. Does not own: windows, durations.
 *
 * T1. Every Timestamp is a whole number within ±8.64e15, the range of JavaScript's `Date`. (Beam's
 *     own bounds exceed 2^53 and are not safe integers.)
 * T2. `MIN_TIMESTAMP` and `MAX_TIMESTAMP` stand for -∞ and +∞.
 */
import { MeshError } from "./errors.ts";

declare const timestampBrand: unique symbol;

/** A point in event or processing time: whole milliseconds since the epoch. */
export type Timestamp = number & { readonly [timestampBrand]: true };

/** What users may give where a timestamp is wanted: milliseconds since the epoch, or a `Date`. */
export type TimestampLike = number | Date;

/** -∞: before every element. */
export const MIN_TIMESTAMP: Timestamp = -8.64e15 as Timestamp;

/** +∞: after every element; a watermark here means that no element is still to come. */
export const MAX_TIMESTAMP: Timestamp = 8.64e15 as Timestamp;

/**
 * Returns `value` as a Timestamp.
 *
 * @param value - milliseconds since the epoch (fractions are floored) or a `Date`
 * @throws ERR_TIMESTAMP if it is not a finite time within ±8.64e15 ms
 * @example toTimestamp(Date.parse("2001-01-01T00:47:00Z"))
 */
export function toTimestamp(value: TimestampLike): Timestamp {
  const ms = Math.floor(typeof value === "number" ? value : Number(value));
  if (!(ms >= MIN_TIMESTAMP && ms <= MAX_TIMESTAMP)) {
    throw new MeshError(
      "ERR_TIMESTAMP",
      `Not a timestamp: ${String(value)}. Give milliseconds since 1970 or a valid Date.`,
    );
  }
  return ms as Timestamp;
}

/** Returns `time` moved by `deltaMs` milliseconds, clamped to the range of T1. */
export function addMs(time: Timestamp, deltaMs: number): Timestamp {
  const moved = time + deltaMs;
  if (moved >= MAX_TIMESTAMP) return MAX_TIMESTAMP;
  if (moved <= MIN_TIMESTAMP) return MIN_TIMESTAMP;
  return moved as Timestamp;
}

/** Returns the earlier of two timestamps. */
export function earlier(a: Timestamp, b: Timestamp): Timestamp {
  return a < b ? a : b;
}

/** Returns the later of two timestamps. */
export function later(a: Timestamp, b: Timestamp): Timestamp {
  return a > b ? a : b;
}

/**
 * Returns a timestamp as people read it: ISO 8601, or `-∞` and `+∞`.
 *
 * @example formatTimestamp(window.start) // "2001-01-01T00:00:00.000Z"
 */
export function formatTimestamp(time: Timestamp): string {
  if (time <= MIN_TIMESTAMP) return "-∞";
  if (time >= MAX_TIMESTAMP) return "+∞";
  return new Date(time).toISOString();
}
