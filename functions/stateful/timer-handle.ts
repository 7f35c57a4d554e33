/**
 * Timer handle: one timer of the key and window at hand, as the user's code sets it.
 *
 * Owns: the time and the output timestamp that a setting gives, and what is refused. Does not own:
 * when a timer fires (stateful-work.ts).
 *
 * TH1. An event-time timer fires before its window is forgotten.
 * TH2. A timer's output timestamp is not before the timestamp of what set it, less the skew that the
 *      DoFn allows, and not after its window's expiry.
 * TH3. In a drain the global window's event-time timers fire once more each: one that loops would go
 *      on to the end of time.
 *
 * @see Beam's SimpleDoFnRunner.TimerInternalsTimer, and FnApiTimer for what is relative to what
 */
import { type Duration, toMs, toMsOrInfinity } from "../../sdk/model/duration.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import {
  addMs,
  earlier,
  formatTimestamp,
  MAX_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "../../sdk/model/time.ts";
import type { TimeDomain, Timer, TimerMap, TimerOptions } from "../../sdk/state/timers.ts";

/** A declared timer, as the DoFn's shard knows it. */
export interface TimerId {
  readonly slot: string;
  readonly domain: TimeDomain;
  /** Names the timer, in errors. */
  readonly where: string;
}

/** What a timer must know of the element or timer that sets it. */
export interface TimerScope {
  /** Timestamp of the element, or of what the timer emits that fires. */
  readonly timestamp: Timestamp;
  /** The earliest timestamp that an output may have. */
  readonly earliest: Timestamp;
  /** The window's expiry. */
  readonly expiry: Timestamp;
  /** Time of the event-time timer that fires; undefined if none does. */
  readonly firing: Timestamp | undefined;
  /** Whether what a firing event-time timer sets has no time to come: it would loop for ever (TH3). */
  readonly endsLoops: boolean;
  /** What `setRelative` counts from. */
  now(domain: TimeDomain): Timestamp;
  /** Sets a timer: to emit nothing where `output` is undefined. Unsets it where `time` is. */
  putTimer(
    slot: string,
    tag: string,
    time: Timestamp | undefined,
    output: Timestamp | undefined,
  ): void;
}

/** One timer of the key and window at hand. */
export class TimerHandle implements Timer {
  readonly #scope: TimerScope;
  readonly #id: TimerId;
  readonly #tag: string;
  #offsetMs = 0;
  #alignMs = 0;
  #output: Timestamp | "none" | undefined;

  constructor(scope: TimerScope, id: TimerId, tag = "") {
    this.#scope = scope;
    this.#id = id;
    this.#tag = tag;
  }

  set(time: TimestampLike, options: TimerOptions = {}): void {
    const target = toTimestamp(time);
    const { expiry } = this.#scope;
    if (this.#id.domain === "event" && target > expiry) {
      throw this.#refused(
        `is set to ${formatTimestamp(target)}, after its window expires at ${formatTimestamp(expiry)}; it could never fire. Set it to that time or earlier.`,
      );
    }
    this.#put(target, options);
  }

  setRelative(options: TimerOptions = {}): void {
    const target = alignUp(addMs(this.getCurrentRelativeTime(), this.#offsetMs), this.#alignMs);
    if (this.#id.domain === "processing") {
      this.#put(target, options);
      return;
    }
    const { expiry, firing } = this.#scope;
    // A timer that loops has come to its window's expiry, and ends there.
    if (firing !== undefined && firing >= expiry && target > expiry) this.clear();
    else this.#put(earlier(target, expiry), options);
  }

  offset(offset: Duration): Timer {
    this.#offsetMs = toMsOrInfinity(offset, `${this.#id.where}: offset`);
    return this;
  }

  align(period: Duration): Timer {
    this.#alignMs = toMs(period, `${this.#id.where}: align`);
    return this;
  }

  withOutputTimestamp(timestamp: TimestampLike): Timer {
    this.#output = toTimestamp(timestamp);
    return this;
  }

  withNoOutputTimestamp(): Timer {
    this.#output = "none";
    return this;
  }

  clear(): void {
    this.#scope.putTimer(this.#id.slot, this.#tag, undefined, undefined);
  }

  getCurrentRelativeTime(): Timestamp {
    return this.#scope.now(this.#id.domain);
  }

  #put(time: Timestamp, { outputTimestamp }: TimerOptions): void {
    if (outputTimestamp !== undefined) this.withOutputTimestamp(outputTimestamp);
    if (this.#id.domain === "event" && this.#scope.endsLoops) this.clear();
    else this.#scope.putTimer(this.#id.slot, this.#tag, time, this.#outputFor(time));
  }

  #outputFor(time: Timestamp): Timestamp | undefined {
    if (this.#output === "none") return undefined;
    const { timestamp, earliest, expiry } = this.#scope;
    if (this.#output === undefined) return this.#id.domain === "event" ? time : timestamp;
    if (this.#output < earliest) {
      throw this.#refused(
        `has the output timestamp ${formatTimestamp(this.#output)}, before ${formatTimestamp(earliest)}, that of what sets it; the watermark may have passed it. Give that time or a later one.`,
      );
    }
    if (this.#output > expiry) {
      throw this.#refused(
        `has the output timestamp ${formatTimestamp(this.#output)}, after its window expires at ${formatTimestamp(expiry)}. Give that time or an earlier one.`,
      );
    }
    return this.#output;
  }

  #refused(words: string): MeshError {
    const tag = this.#tag === "" ? "" : ` (tag ${JSON.stringify(this.#tag)})`;
    return new MeshError("ERR_TIMESTAMP", `${this.#id.where}${tag} ${words}`);
  }
}

/** A family of timers of the key and window at hand. */
export class TimerFamilyHandle implements TimerMap {
  readonly #scope: TimerScope;
  readonly #id: TimerId;

  constructor(scope: TimerScope, id: TimerId) {
    this.#scope = scope;
    this.#id = id;
  }

  get(tag: string): Timer {
    return new TimerHandle(this.#scope, this.#id, tag);
  }

  set(tag: string, time: TimestampLike, options: TimerOptions = {}): void {
    this.get(tag).set(time, options);
  }
}

/** Returns the next whole multiple of `periodMs`; the time itself if it is one, or for period 0. */
function alignUp(time: Timestamp, periodMs: number): Timestamp {
  if (periodMs === 0 || time === MAX_TIMESTAMP) return time;
  const over = ((time % periodMs) + periodMs) % periodMs;
  return over === 0 ? time : addMs(time, periodMs - over);
}
