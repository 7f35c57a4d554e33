/**
 * Latencies: when each reading was published and when its result came, and what that says.
 *
 * Owns: the times and their statistics, and that each result came once. Does not own: who publishes.
 */

/** How long results took, in ms. */
export interface Delays {
  readonly readings: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Times of the readings of one run. */
export class Latencies {
  readonly #sentMs: Float64Array;
  readonly #cameMs: Float64Array;
  #came = 0;
  /** Results that came again. */
  doubled = 0;

  constructor(readings: number) {
    this.#sentMs = new Float64Array(readings);
    this.#cameMs = new Float64Array(readings);
  }

  /** Readings whose result has come. */
  get came(): number {
    return this.#came;
  }

  sent(n: number): void {
    this.#sentMs[n] = performance.now();
  }

  result(n: number): void {
    if (this.#cameMs[n] !== 0) this.doubled++;
    else this.#came++;
    this.#cameMs[n] = performance.now();
  }

  /** Readings without a result. */
  missing(): number[] {
    return [...this.#cameMs.keys()].filter((n) => this.#cameMs[n] === 0);
  }

  /** What readings took whose number `isMeant` takes and whose result has come. */
  delays(isMeant: (n: number) => boolean = () => true): Delays {
    const all = [...this.#cameMs.keys()]
      .filter((n) => isMeant(n) && this.#cameMs[n] !== 0)
      .map((n) => (this.#cameMs[n] ?? 0) - (this.#sentMs[n] ?? 0))
      .sort((a, b) => a - b);
    const at = (share: number): number =>
      Math.round(all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0);
    return { readings: all.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}
