/**
 * Bounded tracker: the author's tracker behind the bounds of an activation.
 *
 * Owns: when a call has done enough, and the checkpoint that it then takes. Does not own: the
 * restriction (the author's tracker).
 *
 * BT1. The first claim of a call is the tracker's own to grant, so that every call gets on.
 * BT2. After a claim was refused, nothing of the call counts any more but what it gave before.
 */
import type { Claims, RestrictionTracker } from "../../sdk/io/splittable/restriction-tracker.ts";
import type { ReadBudget } from "./read-budget.ts";

/** What is split off for a later call. */
export interface Residual {
  readonly restriction: unknown;
}

/** The author's tracker behind the bounds of an activation. */
export class BoundedTracker implements Claims<unknown, unknown> {
  /** Positions that were claimed. */
  claims = 0;
  lastClaimed: unknown;
  isRefused = false;
  residual: Residual | undefined;
  readonly #tracker: RestrictionTracker<unknown, unknown>;
  readonly #budget: ReadBudget;
  readonly #onClaim: () => void;
  readonly #onCheckpoint: () => void;

  /**
   * @param onClaim - called when a position was claimed
   * @param onCheckpoint - called just before the rest is split off
   */
  constructor(
    tracker: RestrictionTracker<unknown, unknown>,
    budget: ReadBudget,
    onClaim: () => void,
    onCheckpoint: () => void,
  ) {
    this.#tracker = tracker;
    this.#budget = budget;
    this.#onClaim = onClaim;
    this.#onCheckpoint = onCheckpoint;
  }

  tryClaim(position: unknown): boolean {
    if (this.claims > 0 && this.#budget.isSpent(this.claims)) this.checkpoint();
    if (this.isRefused || !this.#tracker.tryClaim(position)) {
      this.isRefused = true;
      return false;
    }
    this.claims++;
    this.lastClaimed = position;
    this.#onClaim();
    return true;
  }

  currentRestriction(): unknown {
    return this.#tracker.currentRestriction();
  }

  /** Splits off what is not claimed yet, if anything is left and nothing was split off before. */
  checkpoint(): void {
    if (this.residual !== undefined) return;
    this.#onCheckpoint();
    const split = this.#tracker.trySplit(0);
    if (split !== undefined) this.residual = { restriction: split.residual };
  }

  /** @throws Error if not all that is left to this call was claimed */
  checkDone(): void {
    this.#tracker.checkDone();
  }
}
