/**
 * Parts: which of several parts of a key an element goes to, by its content alone.
 *
 * Before the first shuffle of messages the part must follow from the element: a message that comes
 * again must meet the shard that knows it.
 */
import { hashKey } from "../coders/key-coder.ts";
import type { Timestamp } from "../model/time.ts";

/** Returns the part, of `parts`, of a value at a time: always the same for the same value. */
export function partOf(timestamp: Timestamp, value: unknown, parts: number): number {
  return hashKey(`${timestamp} ${textOf(value)}`) % parts;
}

/** Returns whether a key can have so many parts: a whole number ≥ 1. */
export function isPartCount(parts: unknown): boolean {
  return Number.isSafeInteger(parts) && (parts as number) >= 1;
}

/** Any text that is the same for the same value; it need not tell all values apart. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return String(value); // A cycle or a bigint inside: what comes next may still take it.
  }
}
