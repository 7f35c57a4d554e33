/**
 * Windows by plain arithmetic, apart from the engine's own, which they check.
 *
 * A window holds the times from its start up to, not including, its end. Windows start at multiples
 * of the period since 1970. Fixed windows are those whose period is their size.
 */

/** A stretch of event time. */
export interface WindowBounds {
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

/** Returns the windows that hold a time, the latest first. */
export function windowsAt(timestamp: number, sizeMs: number, periodMs = sizeMs): WindowBounds[] {
  const windows: WindowBounds[] = [];
  const latest = Math.floor(timestamp / periodMs) * periodMs;
  for (let start = latest; start + sizeMs > timestamp; start -= periodMs) {
    windows.push({ windowStartMs: start, windowEndMs: start + sizeMs });
  }
  return windows;
}
