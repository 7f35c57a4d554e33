/**
 * Push request: the body of a Pub/Sub push, read by ourselves.
 *
 * The framework's own conversion drops the ordering key, the subscription and the delivery
 * attempt, and takes a message without data for something else.
 */
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { Refusal } from "./http-answer.ts";

/** Attributes of one message, and bytes of a key and of a value (docs/limits.md). */
const ATTRIBUTES_MAX = 100;
const ATTRIBUTE_KEY_BYTES_MAX = 256;
const ATTRIBUTE_VALUE_BYTES_MAX = 1_024;

/**
 * Returns the message of a push body.
 *
 * @throws Refusal if the body is not what Pub/Sub pushes
 * @see https://cloud.google.com/pubsub/docs/push#receive_push
 */
export function messageOfPush(body: unknown): SourceMessage {
  const message = fieldsOf(body)?.["message"];
  const { data = "", attributes = {}, messageId, publishTime } = fieldsOf(message) ?? {};
  if (typeof messageId !== "string" || messageId === "") {
    throw new Refusal(400, "The request is not a Pub/Sub push: it has no message with an id.");
  }
  if (typeof data !== "string" || !isBase64(data)) {
    throw new Refusal(400, "The request is not a Pub/Sub push: its data is not base64.");
  }
  if (!isAttributes(attributes)) {
    throw new Refusal(400, "The request is not a Pub/Sub push: its attributes are none.");
  }
  return {
    data: Buffer.from(data, "base64"),
    attributes,
    messageId,
    publishTime: isTime(publishTime) ? publishTime : new Date().toISOString(),
  };
}

/** Returns the name of the subscription that pushes, without its project; undefined if none is told. */
export function subscriptionOfPush(body: unknown): string | undefined {
  const name = (body as { subscription?: unknown } | null | undefined)?.subscription;
  return typeof name === "string" ? name.slice(name.lastIndexOf("/") + 1) : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
  return isFields ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function isAttributes(value: unknown): value is Record<string, string> {
  const entries = Object.entries(fieldsOf(value) ?? { none: undefined });
  return (
    entries.length <= ATTRIBUTES_MAX &&
    entries.every(
      ([key, each]) =>
        Buffer.byteLength(key) <= ATTRIBUTE_KEY_BYTES_MAX &&
        typeof each === "string" &&
        Buffer.byteLength(each) <= ATTRIBUTE_VALUE_BYTES_MAX,
    )
  );
}
