/**
 * Dead letters: messages that were delivered too often without success.
 *
 * Owns: when a message becomes one, and how it looks on the dead-letter topic.
 * Does not own: publishing it (broker.ts).
 *
 * @see https://docs.cloud.google.com/pubsub/docs/handling-failures
 */
import { parseResourceName } from "../names.ts";
import type { WireMessage } from "../wire.ts";
import type { Delivery } from "./delivery.ts";
import type { SubscriptionSettings } from "./settings.ts";

/** Returns whether this delivery has used up its attempts. */
export function isDeadLetter(delivery: Delivery, settings: SubscriptionSettings): boolean {
  return settings.deadLetter !== undefined && delivery.failures >= settings.deadLetter.attemptsMax;
}

/** Returns the message as it is published to the dead-letter topic. */
export function toDeadLetter(delivery: Delivery, subscriptionName: string): WireMessage {
  const { project, id } = parseResourceName("subscriptions", subscriptionName);
  const { data, attributes, orderingKey, publishTimeMs } = delivery.message;
  return {
    data,
    orderingKey,
    attributes: {
      ...attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(delivery.failures),
      CloudPubSubDeadLetterSourceSubscription: id,
      CloudPubSubDeadLetterSourceSubscriptionProject: project,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(publishTimeMs)
        .toISOString()
        .replace("Z", "+00:00"),
    },
  };
}
