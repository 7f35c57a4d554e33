/**
 * Expiring cache: the answers that were used last, while they are new enough.
 *
 * Owns: least recently used leaves first, and nothing is given out that is as old as the time to live.
 */
import type { EnrichClock } from "./clock.ts";

/** An answer; in an object, so that undefined can be one. */
export interface Answer<R> {
  readonly value: R;
}

interface Kept<R> extends Answer<R> {
  readonly expiresMs: number;
}

/** Answers by the texts of their keys. */
export class ExpiringCache<R> {
  readonly #size: number;
  readonly #ttlMs: number;
  readonly #clock: EnrichClock;
  /** A Map is walked in the order of insertion, so that what was used last stands last. */
  readonly #kept = new Map<string, Kept<R>>();

  /** @param size - how many answers at most; 0 keeps none */
  constructor(size: number, ttlMs: number, clock: EnrichClock) {
    this.#size = size;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  get(key: string): Answer<R> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    if (this.#clock.nowMs() >= kept.expiresMs) return undefined;
    this.#kept.set(key, kept);
    return kept;
  }

  set(key: string, value: R): void {
    if (this.#size === 0) return;
    this.#kept.delete(key);
    this.#kept.set(key, { value, expiresMs: this.#clock.nowMs() + this.#ttlMs });
    if (this.#kept.size <= this.#size) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
