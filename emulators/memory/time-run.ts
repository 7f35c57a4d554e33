/**
 * Time run: makes everything happen in a mesh on virtual time, and moves time on when nothing else can.
 *
 * Owns: waiting until nothing goes on by itself, and moving the clock. Does not own: what happens
 * (memory-mesh.ts), or what is scheduled (virtual-clock.ts).
 *
 * MW1. Between two moments of virtual time everything that can happen has happened.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { VirtualClock } from "./virtual-clock.ts";

/** What is to be waited for. */
export interface Going {
  /** Deliveries or ticks that are under way. */
  readonly isBusy: () => boolean;
  /** Changes whenever a tick begins or ends. */
  readonly ticking: () => number;
  /** @throws what ends the run */
  readonly check: () => void;
}

/** Moves one mesh through time. */
export class TimeRun {
  readonly #clock: VirtualClock;
  readonly #going: Going;
  readonly #isVirtualOnly: boolean;

  /** @param isVirtualOnly - nothing waits for the real world */
  constructor(clock: VirtualClock, going: Going, isVirtualOnly: boolean) {
    this.#clock = clock;
    this.#going = going;
    this.#isVirtualOnly = isVirtualOnly;
  }

  /** Goes on until nothing is left to do, or until virtual time has come to `untilMs`. */
  async until(untilMs: number): Promise<void> {
    for (let seen = -1; ; ) {
      seen = await this.#still(seen);
      const { nextMs } = this.#clock;
      const isBusy = this.#going.isBusy();
      // Busy, and yet nothing moved: user code waits for the real world.
      if (isBusy && !this.#isVirtualOnly) await sleep(1);
      if (nextMs !== undefined && nextMs <= untilMs) this.#clock.step();
      else if (!this.#waitsForRealTime(isBusy)) break;
    }
    if (Number.isFinite(untilMs)) this.#clock.moveTo(untilMs);
  }

  /** Brings all that has begun to its end, without moving time. */
  async quiet(): Promise<void> {
    for (let seen = -1; ; ) {
      seen = await this.#still(seen);
      if (this.#clock.hurry()) continue;
      if (!this.#going.isBusy()) return;
      await sleep(1); // User code waits for the real world.
    }
  }

  /** Waits until nothing goes on by itself; `seen` is what the last wait returned. */
  async #still(seen: number): Promise<number> {
    for (let before = seen; ; ) {
      await new Promise(setImmediate);
      this.#going.check();
      const uses = this.#clock.uses + this.#going.ticking();
      if (uses === before) return uses;
      before = uses;
    }
  }

  /** Whoever sleeps until later than a run goes on in the next one. */
  #waitsForRealTime(isBusy: boolean): boolean {
    return isBusy && this.#clock.sleepers === 0 && !this.#isVirtualOnly;
  }
}
