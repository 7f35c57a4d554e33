/**
 * Windows: half-open intervals of event time, `[start, end)`.
 *
 * Owns: the shape of a window, its largest timestamp and its key. Does not own: which element goes
 * into which window (windowing/).
 *
 * V1. A window's largest timestamp is `end - 1`; "the end of the window has passed" always means
 *     `watermark > maxTimestamp(window)`.
 * V2. Equal windows have equal keys, and a key gives back its window. No key holds a space.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "./time.ts";

/** A window: all event times `start ≤ t < end`. */
export interface Window {
  readonly start: Timestamp;
  readonly end: Timestamp;
  /** Tells windows of one interval apart, where a custom window function makes several. */
  readonly label?: string;
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
  return window.start === MIN_TIMESTAMP && window.label === undefined;
}

/**
 * Returns the window from `start` to `end`, kept out of the ends of time: only the global window
 * begins at -∞, and none ends after it.
 */
export function intervalWindow(start: number, end: number): Window {
  const clampedEnd = Math.min(end, GLOBAL_WINDOW.end);
  const clampedStart = Math.max(Math.min(start, clampedEnd - 1), MIN_TIMESTAMP + 1);
  return { start: clampedStart as Timestamp, end: clampedEnd as Timestamp };
}

/** Returns a short key, equal for equal windows: `g`, or `start:end` in base 36, and the label. */
export function windowKey(window: Window): string {
  if (isGlobalWindow(window)) return "g";
  const { start, end, label } = window;
  const interval = `${start.toString(36)}:${end.toString(36)}`;
  return label === undefined ? interval : `${interval}:${escapeLabel(label)}`;
}

/** Returns the window that `windowKey` named. */
export function parseWindowKey(key: string): Window {
  if (key === "g") return GLOBAL_WINDOW;
  const [startText = "", endText = "", label] = key.split(":");
  const start = parseInt(startText, 36) as Timestamp;
  const end = parseInt(endText, 36) as Timestamp;
  return label === undefined ? { start, end } : { start, end, label: unescapeLabel(label) };
}

/** By UTF-16 code unit, so that half of a surrogate pair comes back as well. */
function escapeLabel(label: string): string {
  return label.replace(/[^A-Za-z0-9_.-]/g, (unit) => {
    return `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function unescapeLabel(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
