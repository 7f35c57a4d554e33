/**
 * How many pushes may be outstanding, and when to pause: the pace of one push subscription.
 *
 * Owns: slow start and push backoff, as pure arithmetic. Does not own: time (the caller passes it).
 *
 * W1. The window starts small and grows by one for each success, so it doubles with each round.
 * W2. After a failure the whole subscription pauses: 100 ms, doubling with each failing round, up to
 *     60 s. It can't be turned off.
 * W3. All pushes sent before a pause belong to one round, and a round counts one failure: a process
 *     that dies with 200 pushes outstanding costs one pause and not 200.
 * W4. A success of the present round ends the series of failures; a late success of an older one
 *     doesn't.
 *
 * @see https://docs.cloud.google.com/pubsub/docs/push
 */

/** The figures of the pace. */
export interface PushPace {
  readonly outstandingStart: number;
  readonly outstandingMax: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** The pace of one push subscription. */
export class PushWindow {
  readonly #pace: PushPace;
  #windowMessages: number;
  #round = 0;
  #failingRounds = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(pace: PushPace) {
    this.#pace = pace;
    this.#windowMessages = Math.min(pace.outstandingStart, pace.outstandingMax);
  }

  /** The number of the present round; a push keeps it to report its result with. */
  get round(): number {
    return this.#round;
  }

  /** The pushes that may be outstanding. */
  get windowMessages(): number {
    return this.#windowMessages;
  }

  /** When the pause ends, in ms since the epoch. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /** Notes a success (W1, W4). */
  succeeded(round: number): void {
    if (round !== this.#round) return;
    this.#failingRounds = 0;
    if (this.#windowMessages < this.#pace.outstandingMax) this.#windowMessages++;
  }

  /**
   * Notes a failure (W2, W3).
   *
   * @returns the length of the pause that begins now, in ms; 0 if it belongs to an older round
   */
  failed(round: number, nowMs: number): number {
    if (round !== this.#round) return 0;
    const { outstandingStart, backoffMinMs, backoffMaxMs } = this.#pace;
    // The exponent is capped so that the power stays finite.
    const pauseMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failingRounds, 30));
    this.#round++;
    this.#failingRounds++;
    this.#windowMessages = Math.max(
      Math.min(outstandingStart, this.#windowMessages),
      Math.floor(this.#windowMessages / 2),
    );
    this.#pausedUntilMs = nowMs + pauseMs;
    return pauseMs;
  }
}
