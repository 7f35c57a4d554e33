/**
 * What a Nexmark run can set, with the defaults of Beam's suite.
 *
 * Owns: the settings that change which events come or what a query gives. Does not own: those of
 * Beam's launcher (sources, sinks, workers, monitoring), which have no counterpart here.
 *
 * @see https://beam.apache.org/documentation/sdks/java/testing/nexmark/
 */

/** The settings of a run. */
export interface NexmarkConfiguration {
  /** Events of all generators together. */
  readonly events: number;
  /** Generators that run side by side, each on a timeline of its own from the same time on. */
  readonly generators: number;
  /** How the rate goes from the first to the next one and back, if they differ. */
  readonly rateShape: "sine" | "square";
  /** Events in a second, of all generators together. */
  readonly firstEventRate: number;
  readonly nextEventRate: number;
  /** Time that one turn through all rates takes. */
  readonly ratePeriodSeconds: number;
  /** Events that change places among each other; 1 keeps them in order. */
  readonly outOfOrderGroupSize: number;

  readonly personBytesAverage: number;
  readonly auctionBytesAverage: number;
  readonly bidBytesAverage: number;
  /** A bid is for a hot auction with probability 1 - 1/ratio. */
  readonly hotAuctionRatio: number;
  readonly hotSellersRatio: number;
  readonly hotBiddersRatio: number;
  /** Auctions open at once on average, in each generator. */
  readonly auctionsInFlight: number;
  /** People who bid and sell, at most: the newest. */
  readonly activePeopleMax: number;

  /** Size of the windows of queries 4, 5, 7, 8 and 10, gap of the sessions of query 11. */
  readonly windowSizeMs: number;
  /** Period of the sliding windows of queries 4 and 5. */
  readonly windowPeriodMs: number;
  /** Query 2 takes the bids for each auction whose id this divides. */
  readonly auctionSkip: number;
}

/** Beam's defaults, which are the SMOKE suite. Queries 4, 6 and 9 take a tenth of the events. */
export const NEXMARK_DEFAULTS: NexmarkConfiguration = Object.freeze<NexmarkConfiguration>({
  events: 100_000,
  generators: 100,
  rateShape: "sine",
  firstEventRate: 10_000,
  nextEventRate: 10_000,
  ratePeriodSeconds: 600,
  outOfOrderGroupSize: 1,
  personBytesAverage: 200,
  auctionBytesAverage: 500,
  bidBytesAverage: 100,
  hotAuctionRatio: 2,
  hotSellersRatio: 4,
  hotBiddersRatio: 4,
  auctionsInFlight: 100,
  activePeopleMax: 1_000,
  windowSizeMs: 10_000,
  windowPeriodMs: 5_000,
  auctionSkip: 123,
});
