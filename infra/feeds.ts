/**
 * Feeds: what brings messages to a stage, a topic and the subscription that pushes it.
 *
 * Owns: which there are, and how they are declared. Does not own: their names
 * (sdk/compile/names.ts).
 *
 * FD1. A subscription never expires: a mesh without input is idle by design.
 * FD2. What comes a hundred times in vain is kept in a topic of its own, and does not come for ever.
 * FD3. A mailbox is ordered: the messages of one shard come one after the other.
 *
 * @see https://docs.cloud.google.com/pubsub/docs/subscription-properties
 */
import { Subscription } from "@pulumi/gcp/pubsub/subscription.js";
import { Topic } from "@pulumi/gcp/pubsub/topic.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { ACK_DEADLINE_SECONDS } from "../functions/options.ts";
import type { MeshPlan } from "../sdk/compile/plan.ts";

/** One subscription that pushes to a stage. */
export interface Feed {
  readonly name: string;
  readonly stage: string;
  /** `own`: a topic of the pipeline, of the subscription's name. */
  readonly topic: { readonly kind: "own" } | { readonly kind: "external"; readonly name: string };
  readonly isOrdered: boolean;
}

/** Unacknowledged messages are kept for so long: a job may be paused for a week. */
const RETENTION = `${7 * 24 * 3600}s`;
/** What a person is to look at is kept as long as Pub/Sub keeps anything. */
const KEEP_RETENTION = `${31 * 24 * 3600}s`;
/** The most that Pub/Sub counts to. */
const DELIVERIES_MAX = 100;
/** A hundred deliveries then take about seven hours: an outage of some hours sets nothing aside. */
const RETRY_POLICY = { minimumBackoff: "1s", maximumBackoff: "300s" } as const;

/** Returns the feeds of a plan that its stack declares: a subscription that was there before is none. */
export function feedsOf({ stages }: MeshPlan): Feed[] {
  return stages.flatMap(({ id: stage, mailbox, ingest }): Feed[] => {
    const own = { stage, topic: { kind: "own" } } as const;
    if (mailbox !== undefined) return [{ ...own, name: mailbox, isOrdered: true }];
    if (ingest === undefined) return [];
    const { topic, subscription, replay } = ingest;
    const back: Feed = { ...own, name: replay, isOrdered: false };
    if (topic === undefined) return [back];
    const from = { kind: "external", name: topic } as const;
    return [{ stage, name: subscription, topic: from, isOrdered: false }, back];
  });
}

/** Returns the subscriptions that were there before, by the stage that they are to push to. */
export function adoptedSubscriptions({ stages }: MeshPlan): Record<string, string> {
  return Object.fromEntries(
    stages.flatMap(({ id, ingest }) =>
      ingest !== undefined && ingest.topic === undefined ? [[id, ingest.subscription]] : [],
    ),
  );
}

/** Where things are declared. */
export interface FeedPlace {
  readonly project: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kmsKey: string | undefined;
}

/** Declares a topic of a pipeline. */
export function declareTopic(
  name: string,
  { project, labels, kmsKey }: FeedPlace,
  options: CustomResourceOptions,
): Topic {
  const key = kmsKey === undefined ? {} : { kmsKeyName: kmsKey };
  return new Topic(name, { project, name, labels, ...key }, options);
}

/** Where a feed pushes to, and in whose name. */
export interface PushTarget {
  readonly url: Input<string>;
  readonly account: Input<string>;
  readonly topic: Input<string>;
  readonly undelivered: Input<string>;
}

/** Declares the subscription of a feed. */
export function declareFeed(
  { name, isOrdered }: Feed,
  { project, labels }: FeedPlace,
  { url, account, topic, undelivered }: PushTarget,
  options: CustomResourceOptions,
): Subscription {
  return new Subscription(
    name,
    {
      project,
      name,
      topic,
      labels,
      ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
      enableMessageOrdering: isOrdered,
      messageRetentionDuration: RETENTION,
      expirationPolicy: { ttl: "" },
      retryPolicy: RETRY_POLICY,
      deadLetterPolicy: { deadLetterTopic: undelivered, maxDeliveryAttempts: DELIVERIES_MAX },
      pushConfig: {
        pushEndpoint: url,
        oidcToken: { serviceAccountEmail: account, audience: url },
      },
    },
    options,
  );
}

/** Declares a subscription that nobody is pushed from: it keeps what was published, for people. */
export function declareKeeper(
  topic: Topic,
  name: string,
  { project, labels }: FeedPlace,
  options: CustomResourceOptions,
): Subscription {
  return new Subscription(
    `${name}-kept`,
    {
      project,
      name,
      topic: topic.id,
      labels,
      messageRetentionDuration: KEEP_RETENTION,
      expirationPolicy: { ttl: "" },
    },
    options,
  );
}
