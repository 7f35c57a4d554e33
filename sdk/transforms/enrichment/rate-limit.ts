/**
 * Rate limit: a token bucket, without a timer that refills it.
 *
 * Owns: when a call may be made. Each call books the next free moment, so that calls which wait go on
 * in the order in which they came (the generic cell rate algorithm, which gives the same as a bucket).
 *
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
import type { EnrichClock } from "./clock.ts";

/** Lets so many calls through a second, and so many at once after a quiet time. */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #clock: EnrichClock;
  /** When the bucket is full again. */
  #fullMs = 0;

  constructor(perSecond: number, burst: number, clock: EnrichClock) {
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Resolves when a call may be made. */
  async take(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    this.#fullMs = Math.max(this.#fullMs, nowMs) + this.#intervalMs;
    const waitMs = this.#fullMs - nowMs - this.#burst * this.#intervalMs;
    if (waitMs > 0) await this.#clock.sleep(waitMs);
  }
}
