/**
 * Pause: seeded moments and choices that end with the run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { Random } from "../../functions/ports.ts";

/** Waits and chooses by a seed. */
export class Pause {
  readonly #random: Random;
  readonly #signal: AbortSignal;

  /** @param signal - ends every wait */
  constructor(seed: number, signal: AbortSignal) {
    this.#random = seededRandom(seed);
    this.#signal = signal;
  }

  /** Waits for so long at most and at least. @throws the signal's reason */
  async between(minMs: number, maxMs: number): Promise<void> {
    const delayMs = minMs + this.#random.fraction() * (maxMs - minMs);
    await sleep(delayMs, undefined, { signal: this.#signal });
  }

  /** Returns one of `items`; undefined of none. */
  one<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random.fraction() * items.length)];
  }
}
