/**
 * A stored message: one copy for all subscriptions that it was published to.
 *
 * Owns: what a valid message is, its size, its id. Does not own: who has acknowledged it.
 *
 * M1. Message ids are unique, also across restarts on the same machine, and grow.
 */
import {
  attributeKeyBytesMax,
  attributesMax,
  attributeValueBytesMax,
  messageBytesMax,
  orderingKeyBytesMax,
  publishMessagesMax,
  publishRequestBytesMax,
} from "../limits.ts";
import { invalidArgument } from "../names.ts";
import type { WireMessage } from "../wire.ts";

/** A message as the broker keeps it. */
export interface StoredMessage {
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly publishTimeMs: number;
  /** Data, attributes and ordering key. */
  readonly messageBytes: number;
  /** The message as JSON for pushes, made at the first push and shared by all of them. */
  pushJson: string | undefined;
}

/** Returns the bytes that count against the limits: data, attributes and ordering key. */
export function messageBytes(message: WireMessage): number {
  let bytes = message.data.length + Buffer.byteLength(message.orderingKey);
  for (const [key, value] of Object.entries(message.attributes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return bytes;
}

/**
 * Checks a publish request against the limits of the service.
 *
 * @returns the bytes of each message
 * @throws StatusError INVALID_ARGUMENT with the limit and the value
 */
export function checkPublish(messages: readonly WireMessage[]): number[] {
  if (messages.length === 0) {
    throw invalidArgument("The value for messages is too small. You must pass at least one.");
  }
  tooLarge("message_count", messages.length, publishMessagesMax);
  const sizes: number[] = [];
  let requestBytes = 0;
  for (const message of messages) {
    checkAttributes(message.attributes);
    const bytes = messageBytes(message);
    checkMessage(message, bytes);
    sizes.push(bytes);
    requestBytes += bytes;
  }
  tooLarge("request_size", requestBytes, publishRequestBytesMax);
  return sizes;
}

function checkMessage(message: WireMessage, bytes: number): void {
  if (message.data.length === 0 && Object.keys(message.attributes).length === 0) {
    throw invalidArgument(
      "One or more messages in the publish request is empty. Each message must contain either " +
        "non-empty data, or at least one attribute.",
    );
  }
  tooLarge("message_size", bytes, messageBytesMax);
  tooLarge("ordering_key_size", Buffer.byteLength(message.orderingKey), orderingKeyBytesMax);
}

function checkAttributes(attributes: Readonly<Record<string, string>>): void {
  const entries = Object.entries(attributes);
  tooLarge("attribute_count", entries.length, attributesMax);
  for (const [key, value] of entries) {
    if (key === "") throw invalidArgument("An attribute key must not be empty.");
    if (key.startsWith("goog")) {
      throw invalidArgument(`An attribute key must not begin with "goog" (key=${key}).`);
    }
    tooLarge("attribute_key_size", Buffer.byteLength(key), attributeKeyBytesMax);
    tooLarge("attribute_value_size", Buffer.byteLength(value), attributeValueBytesMax);
  }
}

function tooLarge(field: string, value: number, max: number): void {
  if (value <= max) return;
  throw invalidArgument(
    `The value for ${field} is too large. You passed ${value} in the request, but the maximum ` +
      `value is ${max}.`,
  );
}

// 4096 ids a millisecond: ids of a later start are higher unless 4 million a second were given out.
const idsPerMs = 4096;

/** Gives out message ids (M1). */
export class MessageIds {
  #next: number;

  /** @param nowMs - the time of the start, ms since the epoch */
  constructor(nowMs: number) {
    // The random part keeps servers apart that start in the same millisecond.
    this.#next = Math.max(1, Math.floor(nowMs)) * idsPerMs + Math.floor(Math.random() * idsPerMs);
  }

  next(): string {
    return String(this.#next++);
  }
}
