/**
 * Source specs: what a `read` says about the outside. Connectors (functions/connectors) read them.
 */
import type { Json } from "../coders/coder.ts";
import type { Timestamp, TimestampLike } from "../model/time.ts";
import type { AnySplittable } from "./splittable/splittable.ts";

/**
 * How far the event time of an unbounded source has come.
 * - `trailing`: the smallest event time seen in the last `sampleMs` of processing time (as Beam's
 *   Pub/Sub reader does);
 * - `boundedOutOfOrderness`: the largest event time seen, less `delayMs`;
 * - `manual`: what messages of a test stream say.
 */
export type WatermarkPolicy = (
  | { readonly kind: "trailing"; readonly sampleMs: number }
  | { readonly kind: "boundedOutOfOrderness"; readonly delayMs: number }
  | { readonly kind: "manual" }
) & {
  /** After this long without a message the watermark follows processing time; undefined: it holds. */
  readonly idleAfterMs: number | undefined;
};

/** A message as it came in, before it is decoded. */
export interface SourceMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly publishTime: string;
}

/** Elements given in the pipeline itself. */
export interface CreateSpec {
  readonly type: "create";
  readonly elements: readonly unknown[];
  readonly timestamp: ((element: unknown) => TimestampLike) | undefined;
}

/** Lines, JSON lines or CSV rows of local files. */
export interface FileSourceSpec {
  readonly type: "file";
  readonly format: "text" | "ndjson" | "csv" | "json";
  /** A path, relative to the working directory. */
  readonly path: string;
  readonly timestamp: ((element: unknown) => TimestampLike) | undefined;
  /**
   * Makes the element of what the format gives; nothing to make where left out.
   *
   * @throws whatever the line, row or item gives reason for; it then becomes a dead letter
   */
  readonly decode?: (parsed: unknown) => unknown;
}

/** Messages of a Pub/Sub topic, or of a subscription that exists already. */
export interface PubsubSourceSpec {
  readonly type: "pubsub";
  readonly topic: string | undefined;
  readonly subscription: string | undefined;
  /** @throws whatever the bytes give reason for; the message then becomes a dead letter */
  readonly decode: (message: SourceMessage) => unknown;
  /** Event time; publish time where undefined. */
  readonly timestamp: ((element: unknown, message: SourceMessage) => TimestampLike) | undefined;
  /** What makes two messages the same; the message id where undefined. */
  readonly id: ((element: unknown, message: SourceMessage) => string) | undefined;
  readonly watermark: WatermarkPolicy;
}

/** A splittable read: the author's own, or a generated sequence. */
export interface SplittableSpec {
  readonly type: "splittable";
  readonly fn: AnySplittable;
}

/** One step of a test's script. */
export type TestEvent =
  | {
      readonly kind: "elements";
      readonly tag: string;
      /** Encoded by the default coder. */
      readonly elements: readonly (readonly [value: Json, timestamp: Timestamp])[];
    }
  /** MAX ends the stream. */
  | { readonly kind: "watermark"; readonly tag: string; readonly to: Timestamp }
  | { readonly kind: "processingTime"; readonly byMs: number };

/** The steps of one or several test streams, in their order. */
export interface TestScript {
  readonly events: readonly TestEvent[];
}

/** What a test's script says: elements, watermarks and processing time, step by step. */
export interface TestSourceSpec {
  readonly type: "test";
  readonly name: string;
  /** Which of the script's streams this is. */
  readonly tag: string;
  readonly script: TestScript;
}

/** What a `read` reads. */
export type SourceSpec =
  | CreateSpec
  | FileSourceSpec
  | PubsubSourceSpec
  | SplittableSpec
  | TestSourceSpec;
