/**
 * Windows: half-open intervals of event time, `[start, end)`.
 *
 * Owns: the shape of a window and its largest timestamp. Does not own: which element goes into
 * which window (windowing/).
 *
 * V1. A window's largest timestamp is `end - 1`; "the end of the window has passed" always means
 *     `watermark > maxTimestamp(window)`.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "./time.ts";

/** A window: all event times `start ≤ t < end`. */
export interface Window {
  readonly start: Timestamp;
  readonly end: Timestamp;
}

const dayMs = 86_400_000;

/** The one window that holds all of time. It ends a day before +∞, as in Beam's GlobalWindow. */
export const GLOBAL_WINDOW: Window = Object.freeze({
  start: MIN_TIMESTAMP,
  end: (MAX_TIMESTAMP - dayMs + 1) as Timestamp,
});

/** Returns the largest timestamp that lies in the window. */
export function maxTimestamp(window: Window): Timestamp {
  return (window.end - 1) as Timestamp;
}

/** Returns whether the window is the global one. */
export function isGlobalWindow(window: Window): boolean {
  return window.start === MIN_TIMESTAMP;
}

/** Returns a short key, equal for equal windows: `g`, or `start:end` in base 36. */
export function windowKey(window: Window): string {
  if (isGlobalWindow(window)) return "g";
  return `${window.start.toString(36)}:${window.end.toString(36)}`;
}

/** Returns the window that `windowKey` named. */
export function parseWindowKey(key: string): Window {
  if (key === "g") return GLOBAL_WINDOW;
  const [start = "", end = ""] = key.split(":");
  return { start: parseInt(start, 36) as Timestamp, end: parseInt(end, 36) as Timestamp };
}
