/**
 * Restriction trackers: which part of a restriction is done, and where it can be cut.
 *
 * Owns: what the mesh asks of a tracker. Does not own: a tracker (offset-range.ts has one for ranges
 * of whole numbers).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#splittable-dofns
 */

/** How much of a restriction is done and how much remains, both in a unit of the tracker's choice. */
export interface Progress {
  readonly done: number;
  readonly remaining: number;
}

/** A restriction cut in two. */
export interface SplitResult<R> {
  /** What the call at hand goes on with. */
  readonly primary: R;
  /** What a later call takes. */
  readonly residual: R;
}

/** What `process` sees of a tracker. */
export interface Claims<R, P> {
  /**
   * Claims the work at a position, before any of it is done. Positions go up. False: the position is
   * no longer this call's, and `process` must return `ProcessContinuation.stop()` without a further
   * output or claim.
   */
  tryClaim(position: P): boolean;
  /** The restriction of this call; a split makes it smaller. */
  currentRestriction(): R;
}

/**
 * Keeps track of a restriction `R` while its positions `P` are claimed.
 *
 * A restriction is data (what crosses a shuffle), for what is left of one travels in messages.
 *
 * RT1. What was claimed, what is left to claim and what was split off are together the restriction,
 *      and no two of them meet.
 */
export interface RestrictionTracker<R, P> extends Claims<R, P> {
  /**
   * Splits off this part of what is not claimed yet; 0 splits off all of it. Afterwards
   * `currentRestriction` is the primary. Undefined: nothing is left that could be split off.
   */
  trySplit(fractionOfRemainder: number): SplitResult<R> | undefined;
  /** @throws Error if not all of the current restriction was claimed */
  checkDone(): void;
  getProgress(): Progress;
}
