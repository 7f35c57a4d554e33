/** The clock of an enrichment: real time, or a test's. */

/** What tells the time and waits. */
export interface EnrichClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Real time. User code may wait for the outside, so this is no clock of the engine. */
export const realClock: EnrichClock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
