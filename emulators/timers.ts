/**
 * Timers of the embedded servers: the real ones, or ones that a test moves by hand.
 *
 * Owns: the seam. Does not own: the virtual clock of the memory world (memory/).
 */

/** A way to cancel a timer. */
export type CancelTimer = () => void;

/** Time as an embedded server sees it, in milliseconds since the epoch. */
export interface Timers {
  nowMs(): number;
  /** Calls `run` after `delayMs`; the timer never keeps the process alive by itself. */
  after(delayMs: number, run: () => void): CancelTimer;
}

/** The machine's own clock and timers. */
export const realTimers: Timers = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return () => clearTimeout(handle);
  },
};
