/**
 * Pub/Sub: topics and subscriptions as sources, topics as sinks.
 *
 * Owns: what an author says of a topic. Does not own: the broker (functions/gcp, emulators/pubsub).
 */
import { MeshError } from "../model/errors.ts";
import type { TimestampLike } from "../model/time.ts";
import { checkBy, type Schema } from "../schemas/schema.ts";
import type { WriteContext } from "./sink-spec.ts";
import type { Sink, Source } from "./source.ts";
import type { PubsubSourceSpec, SourceMessage, WatermarkPolicy } from "./source-spec.ts";
import { watermarks } from "./watermarks.ts";

/** How messages become elements. */
export interface PubsubReadOptions<T> {
  /** Makes the element of a message; by default the data is JSON in UTF-8. */
  readonly decode?: (message: SourceMessage) => T;
  /** What the JSON in UTF-8 must look like, instead of `decode`; the element is what it gives. */
  readonly schema?: Schema<T>;
  /** Event time of an element, in ms since the epoch or as a Date; publish time where left out. */
  readonly timestamp?: (element: T, message: SourceMessage) => TimestampLike;
  /** Attribute that holds the event time, in ms since the epoch or as RFC 3339. */
  readonly timestampAttribute?: string;
  /** What makes two messages the same; the message id where left out. */
  readonly id?: (element: T, message: SourceMessage) => string;
  /** Attribute that makes two messages the same. */
  readonly idAttribute?: string;
  /** How far event time has come; `watermarks.trailing()` where left out. */
  readonly watermark?: WatermarkPolicy;
}

/** How elements become messages. */
export interface PubsubWriteOptions<T> {
  /** Makes the data of a message; by default the element as JSON in UTF-8. */
  readonly encode?: (element: T, context: WriteContext) => Uint8Array | string;
  /** Attributes of an element's message, beside `tidemark-id`, which the mesh sets. */
  readonly attributes?: (element: T, context: WriteContext) => Record<string, string>;
  /** Messages of one key are delivered in order to subscriptions that ask for it. */
  readonly orderingKey?: (element: T, context: WriteContext) => string;
}

/** A topic: read it, write to it, or read in one pipeline what another writes. */
export interface Topic<in out T> extends Source<T>, Sink<T> {}

/**
 * Returns a topic. Read, the mesh makes a subscription of its own, so the pipeline sees what is
 * published from its deployment on.
 *
 * @param name - the topic's name, or `projects/…/topics/…`
 * @param options - how messages become elements and elements messages; `read` and `write` each look
 *   at theirs
 * @throws ERR_OPTION if the name is empty, or both `timestamp` and `timestampAttribute` are given,
 *   or both `id` and `idAttribute`, or both `decode` and `schema`
 * @throws ERR_UNSUPPORTED if the schema is asynchronous
 * @example p.read(pubsub.topic<Flight>("flights", { timestamp: (f) => Date.parse(f.date) }))
 * @example p.read(pubsub.topic("orders", { schema: z.object({ id: z.string(), cents: z.int() }) }))
 * @example alerts.write(pubsub.topic("alerts", { orderingKey: (a) => a.airport }))
 */
function topic<T>(
  name: string,
  options: PubsubReadOptions<T> & PubsubWriteOptions<T> = {},
): Topic<T> {
  return Object.freeze({
    source: sourceSpec({ topic: name, subscription: undefined }, options),
    sink: Object.freeze({
      type: "pubsub",
      topic: name,
      encode: options.encode,
      attributes: options.attributes,
      orderingKey: options.orderingKey,
    }),
  });
}

/**
 * Returns a subscription that exists already, with all that it has kept.
 *
 * @param name - the subscription's name, or `projects/…/subscriptions/…`
 * @throws ERR_OPTION as `pubsub.topic` does
 * @example p.read(pubsub.subscription<Order>("orders-to-mesh", { idAttribute: "orderId" }))
 */
function subscription<T>(name: string, options: PubsubReadOptions<T> = {}): Source<T> {
  return Object.freeze({ source: sourceSpec({ topic: undefined, subscription: name }, options) });
}

type Origin = Pick<PubsubSourceSpec, "topic" | "subscription">;

function sourceSpec<T>(origin: Origin, options: PubsubReadOptions<T>): PubsubSourceSpec {
  const name = origin.topic ?? origin.subscription ?? "";
  if (name.trim() === "") {
    throw new MeshError("ERR_OPTION", "pubsub: give the name of a topic or subscription.");
  }
  const { timestampAttribute, idAttribute } = options;
  requireOne(name, "timestamp", options.timestamp, timestampAttribute);
  requireOne(name, "id", options.id, idAttribute);
  // The specs of all sources are one type; `read` gives these functions the elements that `decode`
  // made, so that they fit together.
  return Object.freeze({
    type: "pubsub",
    ...origin,
    decode: decoderOf(name, options),
    timestamp:
      timestampAttribute === undefined
        ? (options.timestamp as PubsubSourceSpec["timestamp"])
        : (_: unknown, message: SourceMessage) => attributeTime(message, timestampAttribute),
    id:
      idAttribute === undefined
        ? (options.id as PubsubSourceSpec["id"])
        : (_: unknown, message: SourceMessage) => attribute(message, idAttribute),
    watermark: options.watermark ?? watermarks.trailing(),
  });
}

function decoderOf<T>(
  name: string,
  { decode, schema }: PubsubReadOptions<T>,
): PubsubSourceSpec["decode"] {
  if (schema === undefined) return decode ?? decodeJsonMessage;
  if (decode !== undefined) {
    throw new MeshError("ERR_OPTION", `pubsub "${name}": give either decode or schema, not both.`);
  }
  const check = checkBy(schema);
  return (message) => check(decodeJsonMessage(message), `Message ${message.messageId}`);
}

function requireOne(name: string, option: string, fn: unknown, attribute: unknown): void {
  if (fn === undefined || attribute === undefined) return;
  throw new MeshError(
    "ERR_OPTION",
    `pubsub "${name}": give either ${option} or ${option}Attribute, not both.`,
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decodeJsonMessage(message: SourceMessage): unknown {
  try {
    return JSON.parse(utf8.decode(message.data));
  } catch (cause) {
    throw new MeshError(
      "ERR_DECODE",
      `Message ${message.messageId} is not JSON in UTF-8. Give pubsub.topic a { decode } for other data.`,
      { cause },
    );
  }
}

function attributeTime(message: SourceMessage, name: string): number {
  const text = attribute(message, name);
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new MeshError(
    "ERR_TIMESTAMP",
    `Attribute "${name}" of message ${message.messageId} is neither milliseconds nor RFC 3339.`,
  );
}

function attribute(message: SourceMessage, name: string): string {
  const text = message.attributes[name];
  if (text !== undefined) return text;
  throw new MeshError(
    "ERR_DECODE",
    `Message ${message.messageId} has no attribute "${name}", which the pipeline reads.`,
  );
}

/**
 * Google Cloud Pub/Sub.
 *
 * @example p.read(pubsub.topic<Flight>("flights"))
 */
export const pubsub: {
  readonly topic: typeof topic;
  readonly subscription: typeof subscription;
} = { topic, subscription };
