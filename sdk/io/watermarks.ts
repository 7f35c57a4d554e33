/**
 * Watermark policies: how the event time of an unbounded source is guessed from its messages.
 *
 * @see https://beam.apache.org/documentation/basics/#watermarks
 */
import { type Duration, toMs } from "../model/duration.ts";
import type { WatermarkPolicy } from "./source-spec.ts";

/** What every watermark policy may say of a source that falls silent. */
export interface IdleOption {
  /**
   * After this long without a message the watermark follows processing time, that far behind. Left
   * out: it holds where it is until the next message. The mesh can't see what waits undelivered in
   * the subscription, so choose it longer than a stall of deliveries may be (push backs off for up
   * to 60 s).
   */
  readonly idle?: Duration;
}

/** Options of `watermarks.trailing`. */
export interface TrailingOptions extends IdleOption {
  /** How far back in processing time to look; a minute where left out. */
  readonly sample?: Duration;
}

/**
 * Returns the policy "the smallest event time among the messages of the last minute", as Beam's
 * Pub/Sub reader has it. It says nothing before a whole minute of messages was seen, for those of a
 * backlog come in any order.
 *
 * @throws ERR_DURATION if a duration can't be read
 * @example watermarks.trailing({ sample: { minutes: 1 }, idle: { seconds: 5 } })
 */
function trailing(options: TrailingOptions = {}): WatermarkPolicy {
  return Object.freeze({
    kind: "trailing",
    sampleMs: toMs(options.sample ?? { minutes: 1 }, "watermarks.trailing: sample"),
    idleAfterMs: idleMs(options),
  });
}

/**
 * Returns the policy "the largest event time seen, less a delay", for sources whose elements are at
 * most so much out of order.
 *
 * @param delay - how late an element may come behind the newest
 * @throws ERR_DURATION if a duration can't be read
 * @example watermarks.boundedOutOfOrderness({ seconds: 30 }, { idle: { minutes: 1 } })
 */
function boundedOutOfOrderness(delay: Duration, options: IdleOption = {}): WatermarkPolicy {
  return Object.freeze({
    kind: "boundedOutOfOrderness",
    delayMs: toMs(delay, "watermarks.boundedOutOfOrderness: delay"),
    idleAfterMs: idleMs(options),
  });
}

function idleMs({ idle }: IdleOption): number | undefined {
  return idle === undefined ? undefined : toMs(idle, "watermarks: idle");
}

/**
 * The watermark policies.
 *
 * @example pubsub.topic("flights", { watermark: watermarks.trailing({ idle: { seconds: 5 } }) })
 */
export const watermarks: {
  /** The smallest event time seen lately, as Beam's Pub/Sub reader has it. */
  readonly trailing: (options?: TrailingOptions) => WatermarkPolicy;
  /** The largest event time seen, less a delay: for sources whose disorder is known. */
  readonly boundedOutOfOrderness: (delay: Duration, options?: IdleOption) => WatermarkPolicy;
} = { trailing, boundedOutOfOrderness };
