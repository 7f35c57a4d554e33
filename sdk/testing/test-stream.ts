/**
 * Test streams: unbounded sources whose elements, watermarks and processing time a test writes down.
 *
 * Owns: the script and what may stand in it. Does not own: playing it (emulators/testing), or what
 * its messages look like (test-message.ts).
 *
 * TS1. Between two steps the pipeline comes to rest: all that a step causes has happened, in every
 *      stage, before the next one begins.
 * TS2. The elements of one step are one bundle.
 * TS3. A watermark never goes back, begins at -∞, and does not move after +∞; no element lies at +∞.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/testing/TestStream.html
 */
import { anyCoder } from "../coders/json-coder.ts";
import type { Source } from "../io/source.ts";
import type { TestEvent, TestSourceSpec } from "../io/source-spec.ts";
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import {
  formatTimestamp,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "../model/time.ts";

/** A value with its event time. */
export class Timestamped<out T> {
  readonly value: T;
  readonly timestamp: Timestamp;

  /** @internal Use `timestamped`. */
  constructor(value: T, timestamp: Timestamp) {
    this.value = value;
    this.timestamp = timestamp;
  }
}

/**
 * Returns a value with its event time, for a test stream.
 *
 * @throws ERR_TIMESTAMP if the time can't be one
 * @example testStream<string>().addElements(timestamped("a", 5))
 */
export function timestamped<T>(value: T, timestamp: TimestampLike): Timestamped<T> {
  return new Timestamped(value, toTimestamp(timestamp));
}

/** How a test stream is called. */
export interface TestStreamOptions {
  /** Shown in plans; "test stream" where left out. */
  readonly name?: string;
}

/** What is known of the streams of a script so far. */
interface Script {
  readonly name: string;
  readonly events: readonly TestEvent[];
  /** Watermark by tag, once it has moved. */
  readonly watermarks: ReadonlyMap<string, Timestamp>;
}

const ONLY_TAG = "";

/**
 * A source whose elements a test writes down. Each method returns a new stream with one step more.
 */
export interface TestStream<in out T> extends Source<T> {
  /**
   * Adds elements, as one bundle. One without a time of its own has that of the watermark now.
   *
   * @param elements - the elements, or one array of them
   * @throws ERR_OPTION if one lies at +∞, or the stream has ended
   * @throws ERR_ENCODE if one is no data
   */
  addElements(elements: readonly (T | Timestamped<T>)[]): TestStream<T>;
  /** Adds elements, as one bundle; the same without an array around them. */
  addElements(...elements: readonly (T | Timestamped<T>)[]): TestStream<T>;
  /** Moves the watermark. @throws ERR_OPTION if that would be backwards, to +∞, or after the end */
  advanceWatermarkTo(time: TimestampLike): TestStream<T>;
  /** Moves processing time by exactly so much. @throws ERR_OPTION if it is none, or after the end */
  advanceProcessingTime(by: Duration): TestStream<T>;
  /** Ends the stream. One that is not ended stays open: its run ends with the last step. */
  advanceWatermarkToInfinity(): TestStream<T>;
}

class OneStream<T> implements TestStream<T> {
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  get source(): TestSourceSpec {
    return sourceSpec(this.#script, ONLY_TAG);
  }

  addElements(...elements: readonly unknown[]): TestStream<T> {
    return new OneStream(withElements(this.#script, ONLY_TAG, elements));
  }

  advanceWatermarkTo(time: TimestampLike): TestStream<T> {
    return new OneStream(withWatermark(this.#script, ONLY_TAG, time));
  }

  advanceProcessingTime(by: Duration): TestStream<T> {
    requireOpen(this.#script, ONLY_TAG);
    return new OneStream(withProcessingTime(this.#script, by));
  }

  advanceWatermarkToInfinity(): TestStream<T> {
    return new OneStream(withEnd(this.#script, ONLY_TAG));
  }
}

/**
 * Several sources whose steps stand in one order. Each method returns new streams with one step more.
 */
export class TestStreams<in out S extends object> {
  readonly #script: Script;

  /** @internal Use `testStreams`. */
  constructor(script: Script) {
    this.#script = script;
  }

  /** The stream of a tag, to read. Its steps are all of these streams': take it from the last. */
  source<K extends keyof S & string>(tag: K): Source<S[K]> {
    return Object.freeze({ source: sourceSpec(this.#script, tag) });
  }

  /** Adds elements to one stream. @throws ERR_OPTION, ERR_ENCODE as `TestStream.addElements` */
  addElements<K extends keyof S & string>(
    tag: K,
    elements: readonly (S[K] | Timestamped<S[K]>)[],
  ): TestStreams<S>;
  addElements<K extends keyof S & string>(
    tag: K,
    ...elements: readonly (S[K] | Timestamped<S[K]>)[]
  ): TestStreams<S>;
  addElements(tag: string, ...elements: readonly unknown[]): TestStreams<S> {
    return new TestStreams(withElements(this.#script, tag, elements));
  }

  /** Moves the watermark of one stream. @throws ERR_OPTION as `TestStream.advanceWatermarkTo` */
  advanceWatermarkTo(tag: keyof S & string, time: TimestampLike): TestStreams<S> {
    return new TestStreams(withWatermark(this.#script, tag, time));
  }

  /** Moves processing time by exactly so much. @throws ERR_OPTION if it is none */
  advanceProcessingTime(by: Duration): TestStreams<S> {
    return new TestStreams(withProcessingTime(this.#script, by));
  }

  /** Ends one stream. @throws ERR_OPTION if it has ended */
  advanceWatermarkToInfinity(tag: keyof S & string): TestStreams<S> {
    return new TestStreams(withEnd(this.#script, tag));
  }
}

/**
 * Returns a source without steps, whose watermark stands at -∞.
 *
 * Several streams in one pipeline take their steps in turn: the first of each, then the second.
 * Where the order between them matters, use `testStreams`.
 *
 * @example
 * testStream<string>()
 *   .addElements(timestamped("a", 0), timestamped("b", 59_999))
 *   .advanceWatermarkTo(60_000)
 *   .addElements(timestamped("late", 5))
 *   .advanceWatermarkToInfinity()
 */
export function testStream<T>(options: TestStreamOptions = {}): TestStream<T> {
  return new OneStream<T>(newScript(options));
}

/**
 * Returns several sources that share one script, each with a watermark of its own.
 *
 * @example
 * const both = testStreams<{ orders: Order; payments: Payment }>()
 *   .addElements("orders", timestamped(order, 0))
 *   .addElements("payments", timestamped(payment, 5))
 *   .advanceWatermarkToInfinity("orders")
 *   .advanceWatermarkToInfinity("payments");
 * const orders = p.read(both.source("orders"));
 */
export function testStreams<S extends object>(options: TestStreamOptions = {}): TestStreams<S> {
  return new TestStreams<S>(newScript(options));
}

function newScript({ name = "test stream" }: TestStreamOptions): Script {
  return { name, events: [], watermarks: new Map() };
}

function sourceSpec(script: Script, tag: string): TestSourceSpec {
  const name = tag === ONLY_TAG ? script.name : `${script.name} ${tag}`;
  return Object.freeze({ type: "test", name, tag, script });
}

function withElements(script: Script, tag: string, given: readonly unknown[]): Script {
  requireOpen(script, tag);
  const [first] = given;
  const all: readonly unknown[] = given.length === 1 && Array.isArray(first) ? first : given;
  const elements = all.map((element) => {
    const isTimed = element instanceof Timestamped;
    const timestamp = isTimed ? element.timestamp : watermarkOf(script, tag);
    if (timestamp >= MAX_TIMESTAMP) refuse("an element lies at +∞. Give it an earlier time.");
    return [anyCoder.encode(isTimed ? element.value : element), timestamp] as const;
  });
  return withEvent(script, { kind: "elements", tag, elements });
}

function withWatermark(script: Script, tag: string, time: TimestampLike): Script {
  requireOpen(script, tag);
  const to = toTimestamp(time);
  const before = watermarkOf(script, tag);
  if (to >= MAX_TIMESTAMP) {
    refuse("the watermark is advanced to +∞. Use advanceWatermarkToInfinity() to end the stream.");
  }
  if (to < before) {
    const times = `from ${formatTimestamp(before)} to ${formatTimestamp(to)}`;
    refuse(`the watermark would go back, ${times}. It may only advance.`);
  }
  return movedTo(script, tag, to);
}

function withProcessingTime(script: Script, by: Duration): Script {
  const byMs = toMs(by, "advanceProcessingTime");
  if (byMs === 0) refuse("processing time is advanced by nothing. Give a duration above 0.");
  return withEvent(script, { kind: "processingTime", byMs });
}

function withEnd(script: Script, tag: string): Script {
  requireOpen(script, tag);
  return movedTo(script, tag, MAX_TIMESTAMP);
}

function movedTo(script: Script, tag: string, to: Timestamp): Script {
  const watermarks = new Map([...script.watermarks, [tag, to]]);
  return { ...withEvent(script, { kind: "watermark", tag, to }), watermarks };
}

function withEvent(script: Script, event: TestEvent): Script {
  return { ...script, events: [...script.events, Object.freeze(event)] };
}

function watermarkOf(script: Script, tag: string): Timestamp {
  return script.watermarks.get(tag) ?? MIN_TIMESTAMP;
}

function requireOpen(script: Script, tag: string): void {
  if (watermarkOf(script, tag) < MAX_TIMESTAMP) return;
  refuse("the stream was ended by advanceWatermarkToInfinity(); nothing may follow.");
}

function refuse(words: string): never {
  throw new MeshError("ERR_OPTION", `testStream at ${formatPlace(callerPlace())}: ${words}`);
}
