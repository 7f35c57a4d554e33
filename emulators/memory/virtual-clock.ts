/**
 * Virtual clock: processing time that passes only when somebody moves it.
 *
 * Owns: now, sleepers and scheduled calls. Does not own: when to move on (time-run.ts).
 *
 * VC1. Time never goes back; what is due at one moment runs in the order in which it was asked for.
 *
 * Of what is scheduled, somebody waits for a sleep or for a delivery again, and nobody for a wake-up:
 * work that has begun can so be brought to its end while time stands still.
 */
import type { Clock } from "../../functions/ports.ts";

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  readonly isWakeup: boolean;
}

/** Processing time that passes only when somebody moves it. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  /** Ascending by time, then order; few enough that insertion is cheap. */
  readonly #scheduled: Scheduled[] = [];
  /** Counts every use, so that the mesh can tell whether anything happened. */
  uses = 0;
  /** Who sleeps now. */
  sleepers = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number): Promise<void> {
    this.sleepers++;
    return new Promise((resolve) => {
      this.at(this.#nowMs + delayMs, () => {
        this.sleepers--;
        resolve();
      });
    });
  }

  /** Calls `run` when the time comes; somebody waits for it. */
  at(atMs: number, run: () => void): void {
    this.#schedule(atMs, run, false);
  }

  /** Calls `run` when the time comes; nobody waits for it. */
  wakeAt(atMs: number, run: () => void): void {
    this.#schedule(atMs, run, true);
  }

  /** When the next call is due; undefined if nothing is scheduled. */
  get nextMs(): number | undefined {
    return this.#scheduled[0]?.atMs;
  }

  /** Moves to the next due call and makes it; returns false if nothing is scheduled. */
  step(): boolean {
    const next = this.#scheduled.shift();
    if (next === undefined) return false;
    this.moveTo(next.atMs);
    next.run();
    return true;
  }

  /**
   * Makes the first call that is due now or that somebody waits for, and leaves time as it is;
   * returns false if there is none.
   */
  hurry(): boolean {
    const index = this.#scheduled.findIndex((s) => !s.isWakeup || s.atMs <= this.#nowMs);
    const [next] = index < 0 ? [] : this.#scheduled.splice(index, 1);
    next?.run();
    return next !== undefined;
  }

  /** Moves to a time; what is due until then has yet to be called. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  #schedule(atMs: number, run: () => void, isWakeup: boolean): void {
    this.uses++;
    const order = this.#order++;
    const entry = { atMs: Math.max(atMs, this.#nowMs), order, run, isWakeup };
    let index = this.#scheduled.length;
    while (index > 0 && (this.#scheduled[index - 1]?.atMs ?? 0) > entry.atMs) index--;
    this.#scheduled.splice(index, 0, entry);
  }
}
