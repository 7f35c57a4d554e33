/**
 * Ticks: after activity, a call of the tracker is scheduled.
 *
 * Owns: when the next tick must be, and its name. Does not own: what a tick does (tracker.ts).
 *
 * I1. A tick counts only if it is due later than the activity, clock skew allowed for: a task of
 *     the same name that exists already may have run.
 * I2. At most one task for each pipeline and period, and at most one call to schedule it for each
 *     instance and period.
 */
import type { OperationsJson } from "./metrics/operations.ts";
import type { EngineOptions } from "./options.ts";
import type { Clock, Wakeups } from "./ports.ts";

/** Cloud Tasks takes a task up to 30 days ahead; a tick that comes early asks for the next one. */
const AHEAD_MS_MAX = 29 * 24 * 60 * 60_000;

/** Schedules calls of the tracker. */
export class Ticks {
  readonly #wakeups: Wakeups;
  readonly #clock: Clock;
  readonly #job: string;
  readonly #periodMs: number;
  readonly #clockSkewMs: number;
  #ensuredMs = 0;
  /** What ticks cost that stored nothing: the next one that stores tells of it. */
  unstored: OperationsJson = [];
  /** When this instance last logged watermarks, in ms of processing time. */
  watermarksLoggedMs: number = Number.NEGATIVE_INFINITY;

  /** @param job - names the pipeline and its plan, for the names of ticks */
  constructor(
    wakeups: Wakeups,
    clock: Clock,
    job: string,
    { tickMs, clockSkewMs }: Pick<EngineOptions, "tickMs" | "clockSkewMs">,
  ) {
    this.#wakeups = wakeups;
    this.#clock = clock;
    this.#job = job;
    this.#periodMs = tickMs;
    this.#clockSkewMs = clockSkewMs;
  }

  /** Makes sure that the tracker runs after now, within about two periods. */
  async ensure(): Promise<void> {
    await this.ensureAt(this.#clock.nowMs());
  }

  /** Makes sure that the tracker runs at or soon after `atMs`; before it, where that is far off. */
  async ensureAt(atMs: number): Promise<void> {
    const nearMs = Math.min(atMs, this.#clock.nowMs() + AHEAD_MS_MAX);
    const period = Math.floor((nearMs + this.#clockSkewMs) / this.#periodMs) + 1;
    const dueMs = period * this.#periodMs;
    if (dueMs === this.#ensuredMs) return;
    await this.#wakeups.wake(`tick-${this.#job}-${period}`, dueMs);
    this.#ensuredMs = dueMs;
  }
}
