/**
 * Virtual clock: processing time that passes only when somebody moves it.
 *
 * Owns: now, sleepers and scheduled calls. Does not own: when to move on (memory-mesh.ts).
 *
 * VC1. Time never goes back; what is due at one moment runs in the order in which it was asked for.
 */
import type { Clock } from "../../functions/ports.ts";

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
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

  /** Calls `run` when the time comes. */
  at(atMs: number, run: () => void): void {
    this.uses++;
    const entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    let index = this.#scheduled.length;
    while (index > 0 && (this.#scheduled[index - 1]?.atMs ?? 0) > entry.atMs) index--;
    this.#scheduled.splice(index, 0, entry);
  }

  /** When the next call is due; undefined if nothing is scheduled. */
  get nextMs(): number | undefined {
    return this.#scheduled[0]?.atMs;
  }

  /** Moves to the next due call and makes it; returns false if nothing is scheduled. */
  step(): boolean {
    const next = this.#scheduled.shift();
    if (next === undefined) return false;
    this.#nowMs = next.atMs;
    next.run();
    return true;
  }

  /** Moves to a time before the next due call. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }
}
