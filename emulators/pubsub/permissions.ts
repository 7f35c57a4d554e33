/**
 * Permissions: what each call of Pub/Sub needs.
 *
 * Owns: the table. Does not own: who has them (iam/policy.ts).
 *
 * Source: cloud.google.com/pubsub/docs/access-control, "Required permissions"; for accounts of
 * pushes, cloud.google.com/pubsub/docs/authenticate-push-subscriptions.
 */
import type { Need, Needs } from "../iam/access.ts";
import { actAs, projectOf } from "../iam/needs.ts";
import type { PushConfig, SubscriptionConfig, TopicConfig } from "./wire.ts";

interface OfTopic {
  readonly topic: string;
}

interface OfSubscription {
  readonly subscription: string;
}

interface OfSnapshot {
  readonly snapshot: string;
}

interface OfProject {
  readonly project: string;
}

/** What each call needs; `topicOf` is asked for the topic of a subscription. */
export function pubsubNeeds(topicOf: (subscription: string) => string): Needs {
  return { ...topicNeeds(topicOf), ...subscriptionNeeds, ...snapshotNeeds, ...messageNeeds };
}

function topicNeeds(topicOf: (subscription: string) => string): Needs {
  return {
    CreateTopic: ({ name }: TopicConfig) => [
      { permission: "pubsub.topics.create", resource: projectOf(name) },
    ],
    GetTopic: ({ topic }: OfTopic) => [onTopic(topic, "get")],
    UpdateTopic: ({ topic }: { topic: TopicConfig | null }) => [
      onTopic(topic?.name ?? "", "update"),
    ],
    DeleteTopic: ({ topic }: OfTopic) => [onTopic(topic, "delete")],
    Publish: ({ topic }: OfTopic) => [onTopic(topic, "publish")],
    ListTopics: ({ project }: OfProject) => [
      { permission: "pubsub.topics.list", resource: project },
    ],
    ListTopicSubscriptions: ({ topic }: OfTopic) => [onTopic(topic, "get")],
    ListTopicSnapshots: ({ topic }: OfTopic) => [onTopic(topic, "get")],
    DetachSubscription: ({ subscription }: OfSubscription) => [
      onTopic(topicOf(subscription), "detachSubscription"),
    ],
  };
}

const subscriptionNeeds: Needs = {
  CreateSubscription: ({ name, topic, pushConfig }: SubscriptionConfig) => [
    { permission: "pubsub.subscriptions.create", resource: projectOf(name) },
    onTopic(topic, "attachSubscription"),
    ...pushNeeds(name, pushConfig),
  ],
  GetSubscription: ({ subscription }: OfSubscription) => [onSubscription(subscription, "get")],
  UpdateSubscription: ({ subscription, updateMask }: UpdateSubscription) => {
    const { name = "", pushConfig } = subscription ?? {};
    const isOfPush = updateMask?.paths.some((path) => /^push_?config/i.test(path)) === true;
    return [onSubscription(name, "update"), ...(isOfPush ? pushNeeds(name, pushConfig) : [])];
  },
  ModifyPushConfig: (request: OfSubscription & { pushConfig: PushConfig | null }) => [
    onSubscription(request.subscription, "update"),
    ...pushNeeds(request.subscription, request.pushConfig),
  ],
  DeleteSubscription: ({ subscription }: OfSubscription) => [
    onSubscription(subscription, "delete"),
  ],
  ListSubscriptions: ({ project }: OfProject) => [
    { permission: "pubsub.subscriptions.list", resource: project },
  ],
};

interface UpdateSubscription {
  readonly subscription: SubscriptionConfig | null;
  readonly updateMask: { readonly paths: readonly string[] } | null;
}

const snapshotNeeds: Needs = {
  CreateSnapshot: ({ name, subscription }: OfSubscription & { name: string }) => [
    { permission: "pubsub.snapshots.create", resource: projectOf(name) },
    consume(subscription),
  ],
  GetSnapshot: ({ snapshot }: OfSnapshot) => [onSnapshot(snapshot, "get")],
  ListSnapshots: ({ project }: OfProject) => [
    { permission: "pubsub.snapshots.list", resource: project },
  ],
  DeleteSnapshot: ({ snapshot }: OfSnapshot) => [onSnapshot(snapshot, "delete")],
  Seek: ({ subscription, snapshot }: OfSubscription & { snapshot?: string }) => [
    consume(subscription),
    ...(snapshot ? [onSnapshot(snapshot, "seek")] : []),
  ],
};

const messageNeeds: Needs = {
  Pull: ({ subscription }: OfSubscription) => [consume(subscription)],
  Acknowledge: ({ subscription }: OfSubscription) => [consume(subscription)],
  ModifyAckDeadline: ({ subscription }: OfSubscription) => [consume(subscription)],
  // Only the first request of a stream names the subscription.
  StreamingPull: ({ subscription }: OfSubscription) =>
    subscription === "" ? [] : [consume(subscription)],
};

/**
 * What Pub/Sub itself needs to set a message aside: its own account reads the one and writes the other.
 *
 * @see https://docs.cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions
 */
export function deadLetterNeeds(subscription: string, topic: string): readonly Need[] {
  return [consume(subscription), onTopic(topic, "publish")];
}

function pushNeeds(subscription: string, pushConfig: PushConfig | null | undefined): Need[] {
  const email = pushConfig?.oidcToken?.serviceAccountEmail;
  return email ? [actAs(email, subscription)] : [];
}

function consume(subscription: string): Need {
  return onSubscription(subscription, "consume");
}

function onTopic(resource: string, verb: string): Need {
  return { permission: `pubsub.topics.${verb}`, resource };
}

function onSubscription(resource: string, verb: string): Need {
  return { permission: `pubsub.subscriptions.${verb}`, resource };
}

function onSnapshot(resource: string, verb: string): Need {
  return { permission: `pubsub.snapshots.${verb}`, resource };
}
