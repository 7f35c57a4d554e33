/**
 * Push request: the body of a Pub/Sub push, read by ourselves.
 *
 * The framework's own conversion drops the ordering key, the subscription and the delivery
 * attempt, and takes a message without data for something else.
 */
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { MeshError } from "../../sdk/model/errors.ts";

/**
 * Returns the message of a push body.
 *
 * @throws ERR_DECODE if the body is not what Pub/Sub pushes
 * @see https://cloud.google.com/pubsub/docs/push#receive_push
 */
export function messageOfPush(body: unknown): SourceMessage {
  const message = (body as { message?: unknown } | null | undefined)?.message;
  if (typeof message !== "object" || message === null) {
    throw new MeshError("ERR_DECODE", "The request is not a Pub/Sub push: it has no message.");
  }
  const { data, attributes, messageId, publishTime } = message as Record<string, unknown>;
  if (typeof messageId !== "string" || (data !== undefined && typeof data !== "string")) {
    throw new MeshError("ERR_DECODE", "The request is not a Pub/Sub push: its message has no id.");
  }
  return {
    data: Buffer.from(data ?? "", "base64"),
    attributes: isAttributes(attributes) ? attributes : {},
    messageId,
    publishTime: typeof publishTime === "string" ? publishTime : new Date().toISOString(),
  };
}

/** Returns the name of the subscription that pushes, without its project; undefined if none is told. */
export function subscriptionOfPush(body: unknown): string | undefined {
  const name = (body as { subscription?: unknown } | null | undefined)?.subscription;
  return typeof name === "string" ? name.slice(name.lastIndexOf("/") + 1) : undefined;
}

function isAttributes(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
