/** A subscription of Pub/Sub, in the embedded server. */
import type { SubscriptionMetadata } from "@google-cloud/pubsub";
import type { Properties } from "../values.ts";
import { durationOf } from "./duration.ts";
import type { InputCheck } from "./input-check.ts";
import { lastPart, object, type ResourceKind, text } from "./resource-kind.ts";
import { PUBSUB_NAME, RETENTION } from "./topic.ts";

// Source of all: docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions.
const ACK_SECONDS = { min: 10, max: 600 } as const;
const BACKOFF_SECONDS = { min: 0, max: 600 } as const;
const DELIVERY_ATTEMPTS = { min: 5, max: 100 } as const;
const FILTER_CHARS_MAX = 256;

export const subscription: ResourceKind = {
  type: "gcp:pubsub/subscription:Subscription",
  apis: ["pubsub.googleapis.com"],
  fixed: ["project", "name", "topic", "filter", "enableMessageOrdering"],
  check: checkInputs,
  id: nameOf,
  async create(inputs, cloud) {
    const metadata = metadataOf(inputs);
    const { pushConfig, deadLetterPolicy } = metadata;
    const email = pushConfig?.oidcToken?.serviceAccountEmail;
    if (email) cloud.requireAccount(email);
    const { pubsubClient } = cloud.world;
    // The service looks when it has a message for it; a missing topic is a mistake all the same.
    const dead = deadLetterPolicy?.deadLetterTopic;
    if (dead) await pubsubClient.topic(dead).getMetadata();
    const topic = topicOf(inputs);
    await pubsubClient.createSubscription(pubsubClient.topic(topic), nameOf(inputs), metadata);
    return {};
  },
  async update(inputs, { world }) {
    await world.pubsubClient.subscription(nameOf(inputs)).setMetadata(changeable(inputs));
    return {};
  },
  async delete(inputs, { world }) {
    await world.pubsubClient.subscription(nameOf(inputs)).delete();
  },
  async read(id, { world }) {
    const [{ name, topic }] = await world.pubsubClient.subscription(id).getMetadata();
    return { name: lastPart(String(name)), topic: String(topic) };
  },
};

function checkInputs(check: InputCheck): void {
  check.text("name", PUBSUB_NAME);
  check.number("ackDeadlineSeconds", ACK_SECONDS);
  check.duration("messageRetentionDuration", RETENTION);
  check.duration("retryPolicy.minimumBackoff", BACKOFF_SECONDS);
  check.duration("retryPolicy.maximumBackoff", BACKOFF_SECONDS);
  check.number("deadLetterPolicy.maxDeliveryAttempts", DELIVERY_ATTEMPTS);
  check.text("filter", { max: FILTER_CHARS_MAX });
  check.labels();
  if (check.at("expirationPolicy.ttl") !== "") {
    check.duration("expirationPolicy.ttl", { min: 86_400, max: Number.POSITIVE_INFINITY });
  }
  const isPush = check.at("pushConfig.pushEndpoint") !== undefined;
  if (isPush && check.at("enableExactlyOnceDelivery") === true) {
    check.fail("enableExactlyOnceDelivery", "is for pull subscriptions alone");
  }
  const pattern = /^https:\/\//;
  check.text("pushConfig.pushEndpoint", { pattern, words: "https://…" });
}

function nameOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/subscriptions/${text(inputs, "name")}`;
}

function topicOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/topics/${lastPart(text(inputs, "topic"))}`;
}

function metadataOf(inputs: Properties): SubscriptionMetadata {
  return {
    ...changeable(inputs),
    enableMessageOrdering: inputs["enableMessageOrdering"] === true,
    filter: text(inputs, "filter"),
  };
}

/** What an update may change. What is left out is as if it was never said. */
function changeable(inputs: Properties): SubscriptionMetadata {
  const retry = object(inputs, "retryPolicy");
  const dead = object(inputs, "deadLetterPolicy");
  const ttl = object(inputs, "expirationPolicy")["ttl"];
  const retention = text(inputs, "messageRetentionDuration");
  const minimumBackoff = durationOf(text(retry, "minimumBackoff") || "10s");
  const maximumBackoff = durationOf(text(retry, "maximumBackoff") || "600s");
  return {
    labels: object(inputs, "labels") as Record<string, string>,
    ackDeadlineSeconds: Number(inputs["ackDeadlineSeconds"] ?? 10),
    retainAckedMessages: inputs["retainAckedMessages"] === true,
    pushConfig: pushConfigOf(inputs),
    ...(retention !== "" && { messageRetentionDuration: durationOf(retention) }),
    ...(Object.keys(retry).length > 0 && { retryPolicy: { minimumBackoff, maximumBackoff } }),
    ...(Object.keys(dead).length > 0 && {
      deadLetterPolicy: {
        deadLetterTopic: text(dead, "deadLetterTopic"),
        maxDeliveryAttempts: Number(dead["maxDeliveryAttempts"] ?? DELIVERY_ATTEMPTS.min),
      },
    }),
    ...(ttl !== undefined && {
      expirationPolicy: ttl === "" ? {} : { ttl: durationOf(String(ttl)) },
    }),
  };
}

function pushConfigOf(inputs: Properties): NonNullable<SubscriptionMetadata["pushConfig"]> {
  const push = object(inputs, "pushConfig");
  const oidc = object(push, "oidcToken");
  const attributes = object(push, "attributes") as Record<string, string>;
  if (text(push, "pushEndpoint") === "") return {};
  return {
    pushEndpoint: text(push, "pushEndpoint"),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(Object.keys(oidc).length > 0 && {
      oidcToken: {
        serviceAccountEmail: text(oidc, "serviceAccountEmail"),
        audience: text(oidc, "audience") || text(push, "pushEndpoint"),
      },
    }),
  };
}
