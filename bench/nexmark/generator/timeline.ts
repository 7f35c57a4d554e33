/**
 * The timeline: when the event of a number happens.
 *
 * Owns: rates, delays, timestamps. Does not own: which event has which number. All generators follow
 * the same timeline, so that a hundred of them give a hundred events of each time.
 */
import type { NexmarkConfiguration } from "./config.ts";
import { AUCTIONS_PER_EPOCH, EVENTS_PER_EPOCH } from "./ids.ts";

/** The time of the first event. It lies on a border of windows of any usual size. */
export const BASE_TIME_MS: number = Date.UTC(2015, 6, 15);

const usPerSecond = 1_000_000;
const sineSteps = 10;

/** Returns the timestamp, in ms, of the event of a number. */
export type Timeline = (eventNumber: number) => number;

/** A time of one rate. */
interface Step {
  readonly delayUs: number;
  readonly events: number;
  readonly lengthMs: number;
}

/** Returns the timeline of a generator. */
export function timelineOf(config: NexmarkConfiguration): Timeline {
  const [delayUs = 0, ...others] = delaysUs(config);
  if (others.length === 0) return (n) => BASE_TIME_MS + Math.floor((n * delayUs) / 1000);
  const steps = [delayUs, ...others].map((us) => stepOf(us, config, others.length + 1));
  const turnEvents = steps.reduce((sum, { events }) => sum + events, 0);
  const turnMs = steps.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  return (eventNumber) => {
    let timestamp = BASE_TIME_MS + Math.floor(eventNumber / turnEvents) * turnMs;
    let n = eventNumber % turnEvents;
    for (const step of steps) {
      if (n < step.events) return timestamp + Math.floor((n * step.delayUs) / 1000);
      n -= step.events;
      timestamp += step.lengthMs;
    }
    return timestamp;
  };
}

/**
 * Returns how long auctions are open on average at the lowest rate, in ms. Query 9 keeps a bid
 * without an auction for twice as long.
 */
export function expectedAuctionMs(config: NexmarkConfiguration): number {
  const auctionDelayUs = Math.floor(
    (Math.max(...delaysUs(config)) * EVENTS_PER_EPOCH) / AUCTIONS_PER_EPOCH,
  );
  return Math.ceil((auctionDelayUs * config.auctionsInFlight) / 1000);
}

/** The time between two events of one generator, at each of the rates. */
function delaysUs(config: NexmarkConfiguration): readonly number[] {
  return ratesOf(config).map((rate) => {
    const periodUs = Math.floor((usPerSecond + Math.floor(rate / 2)) / rate);
    return periodUs * config.generators;
  });
}

function ratesOf(config: NexmarkConfiguration): readonly number[] {
  const { firstEventRate, nextEventRate, rateShape } = config;
  if (firstEventRate === nextEventRate) return [firstEventRate];
  if (rateShape === "square") return [firstEventRate, nextEventRate];
  const middle = (firstEventRate + nextEventRate) / 2;
  const amplitude = (firstEventRate - nextEventRate) / 2;
  return Array.from({ length: sineSteps }, (_, i) =>
    Math.round(middle + amplitude * Math.cos((2 * Math.PI * i) / sineSteps)),
  );
}

function stepOf(delayUs: number, config: NexmarkConfiguration, steps: number): Step {
  const stepUs = Math.ceil(config.ratePeriodSeconds / steps) * usPerSecond;
  const events = Math.floor(stepUs / delayUs);
  return { delayUs, events, lengthMs: Math.floor((events * delayUs) / 1000) };
}
