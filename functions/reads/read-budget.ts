/**
 * Read budget: how much the reads of one activation may do together.
 *
 * Owns: when a further claim is refused. Does not own: what becomes of the rest.
 */

import type { Gathered } from "../gathered.ts";
import type { EngineOptions } from "../options.ts";
import type { Clock } from "../ports.ts";

/** How much the reads of one activation may do together. */
export class ReadBudget {
  readonly #clock: Clock;
  readonly #untilMs: number;
  readonly #gathered: Gathered;
  readonly #gatheredMax: number;
  #claimsLeft: number;

  constructor({ chunkElementsMax, readMsMax }: EngineOptions, clock: Clock, gathered: Gathered) {
    this.#clock = clock;
    this.#untilMs = clock.nowMs() + readMsMax;
    this.#gathered = gathered;
    this.#gatheredMax = gathered.items.length + gathered.dead.length + chunkElementsMax;
    this.#claimsLeft = chunkElementsMax;
  }

  /** Whether `claims` of a read at hand, or what it gave, or the time that passed, are enough. */
  isSpent(claims: number): boolean {
    const { items, dead } = this.#gathered;
    return (
      claims >= this.#claimsLeft ||
      items.length + dead.length >= this.#gatheredMax ||
      this.#clock.nowMs() >= this.#untilMs
    );
  }

  /** Counts the claims of a read that has ended. */
  spend(claims: number): void {
    this.#claimsLeft -= claims;
  }
}
