/**
 * The HTTP request of a push: its headers and its body.
 *
 * Owns: the two forms, wrapped in JSON and unwrapped. Does not own: sending (push-client.ts).
 *
 * @see https://docs.cloud.google.com/pubsub/docs/push
 * @see https://docs.cloud.google.com/pubsub/docs/payload-unwrapping
 */
import type { Delivery } from "../broker/delivery.ts";
import type { StoredMessage } from "../broker/message.ts";
import type { SubscriptionConfig } from "../wire.ts";

/** Makes the token of an authenticated push. */
export type IdentityToken = (audience: string, serviceAccountEmail: string) => string;

/** Where and how a subscription's messages are pushed; made once per configuration. */
export interface PushTarget {
  readonly origin: string;
  readonly path: string;
  readonly subscription: string;
  readonly isWrapped: boolean;
  readonly isWritingMetadata: boolean;
  readonly isCountingAttempts: boolean;
  /** Headers of every push; with a token they are made anew each time, for tokens expire. */
  headers(): Record<string, string>;
}

/** Reads a subscription's push configuration, which must have an endpoint. */
export function pushTargetOf(
  config: SubscriptionConfig,
  identityToken: IdentityToken | undefined,
): PushTarget {
  const { pushConfig, deadLetterPolicy } = config;
  const url = new URL(pushConfig?.pushEndpoint ?? "");
  const isWrapped = !pushConfig?.noWrapper;
  const fixed = {
    "content-type": isWrapped ? "application/json" : "application/octet-stream",
    "user-agent": "CloudPubSub-Google",
  };
  const oidc = pushConfig?.oidcToken;
  const headers = (): Record<string, string> => {
    if (!oidc || identityToken === undefined) return fixed;
    const token = identityToken(oidc.audience || url.href, oidc.serviceAccountEmail);
    return { ...fixed, authorization: `Bearer ${token}` };
  };
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    subscription: config.name,
    isWrapped,
    isWritingMetadata: pushConfig?.noWrapper?.writeMetadata ?? false,
    isCountingAttempts: Boolean(deadLetterPolicy?.deadLetterTopic),
    headers,
  };
}

/** Returns the body of a push. */
export function bodyOf(target: PushTarget, delivery: Delivery): string | Buffer {
  if (!target.isWrapped) return delivery.message.data;
  const attempt = target.isCountingAttempts ? `,"deliveryAttempt":${delivery.failures + 1}` : "";
  const subscription = JSON.stringify(target.subscription);
  return `{"message":${jsonOf(delivery.message)},"subscription":${subscription}${attempt}}`;
}

/** Returns the headers of a push. */
export function headersOf(target: PushTarget, delivery: Delivery): Record<string, string> {
  const headers = target.headers();
  if (!target.isWritingMetadata) return headers;
  const { id, attributes, orderingKey, publishTimeMs } = delivery.message;
  const metadata: Record<string, string> = {
    "x-goog-pubsub-subscription-name": target.subscription,
    "x-goog-pubsub-message-id": id,
    "x-goog-pubsub-publish-time": new Date(publishTimeMs).toISOString(),
  };
  if (orderingKey !== "") metadata["x-goog-pubsub-ordering-key"] = orderingKey;
  if (target.isCountingAttempts) {
    metadata["x-goog-pubsub-delivery-attempt"] = String(delivery.failures + 1);
  }
  for (const [key, value] of Object.entries(attributes)) {
    if (isHeader(key, value)) metadata[key.toLowerCase()] = value;
  }
  return { ...headers, ...metadata };
}

function isHeader(key: string, value: string): boolean {
  const isReserved = /^(host|content-length|transfer-encoding|connection)$/i.test(key);
  return !isReserved && /^[\w!#$%&'*+.^`|~-]+$/.test(key) && /^[\t\x20-\x7e]*$/.test(value);
}

function jsonOf(message: StoredMessage): string {
  message.pushJson ??= makeJson(message);
  return message.pushJson;
}

function makeJson(message: StoredMessage): string {
  const { id, data, attributes, orderingKey, publishTimeMs } = message;
  const publishTime = new Date(publishTimeMs).toISOString();
  return JSON.stringify({
    ...(data.length > 0 ? { data: data.toString("base64") } : {}),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    messageId: id,
    message_id: id,
    publishTime,
    publish_time: publishTime,
    ...(orderingKey !== "" ? { orderingKey } : {}),
  });
}
