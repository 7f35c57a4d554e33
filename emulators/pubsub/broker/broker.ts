/**
 * The broker: all topics and subscriptions of a server, by name.
 *
 * Owns: which resources exist, and what is allowed between them. Does not own: gRPC (service/), HTTP
 * (push/), files (persistence.ts).
 *
 * B1. Everything here is synchronous: a call is done, and seen by all, when it returns.
 * B2. A publish is in the journal before its ids are given back.
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Timers } from "../../timers.ts";
import { newCounts, type PubsubCounts } from "../counts.ts";
import { alreadyExists, deletedTopicName, notFound, parseResourceName } from "../names.ts";
import type { PushConfig, SubscriptionConfig, TopicConfig, WireMessage } from "../wire.ts";
import type { Consumer, ConsumerSlot } from "./delivery.ts";
import { type Journal, noJournal } from "./journal.ts";
import { checkPublish, MessageIds, messageBytes, type StoredMessage } from "./message.ts";
import { normalizeConfig, readSettings } from "./settings.ts";
import { Snapshots } from "./snapshots.ts";
import { Subscription, type SubscriptionWorld } from "./subscription.ts";
import { Topic } from "./topic.ts";
import { applyMask } from "./update-mask.ts";

/** What a broker needs. */
export interface BrokerOptions {
  readonly timers: Timers;
  readonly journal?: Journal;
  /** Makes the consumer that pushes a subscription's messages to its endpoint. */
  readonly newPushConsumer?: (subscription: Subscription) => Consumer;
  /** Whether dead letters of a subscription may go to a topic; they always may where left out. */
  readonly mayForward?: (subscription: string, topic: string) => boolean;
}

const mutableTopicFields: ReadonlySet<string> = new Set([
  "labels",
  "messageStoragePolicy",
  "messageRetentionDuration",
  "schemaSettings",
  "kmsKeyName",
]);

const mutableSubscriptionFields: ReadonlySet<string> = new Set([
  "pushConfig",
  "ackDeadlineSeconds",
  "retainAckedMessages",
  "messageRetentionDuration",
  "labels",
  "expirationPolicy",
  "deadLetterPolicy",
  "retryPolicy",
  "enableExactlyOnceDelivery",
]);

/** A subscription with what the broker alone knows of it. */
interface Registered {
  readonly subscription: Subscription;
  readonly topic: Topic;
  pushSlot: ConsumerSlot | undefined;
}

/** Topics, subscriptions and snapshots. */
export class Broker {
  readonly counts: PubsubCounts = newCounts();
  readonly snapshots: Snapshots;
  readonly #timers: Timers;
  readonly #journal: Journal;
  readonly #newPushConsumer: BrokerOptions["newPushConsumer"];
  readonly #mayForward: NonNullable<BrokerOptions["mayForward"]>;
  readonly #ids: MessageIds;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, Registered>();

  constructor(options: BrokerOptions) {
    this.#timers = options.timers;
    this.#journal = options.journal ?? noJournal;
    this.#newPushConsumer = options.newPushConsumer;
    this.#mayForward = options.mayForward ?? (() => true);
    this.#ids = new MessageIds(options.timers.nowMs());
    this.snapshots = new Snapshots(options.timers, this.#journal);
  }

  // ---- Topics.

  createTopic(config: TopicConfig): TopicConfig {
    parseResourceName("topics", config.name);
    if (this.#topics.has(config.name)) throw alreadyExists(config.name);
    const kept = { ...config, state: "ACTIVE" };
    this.#topics.set(config.name, new Topic(kept));
    this.#journal.topic(kept);
    return kept;
  }

  topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    parseResourceName("topics", name);
    throw notFound(name);
  }

  updateTopic(wanted: TopicConfig, paths: readonly string[]): TopicConfig {
    const topic = this.topic(wanted.name);
    const current = topic.config;
    topic.reconfigure(applyMask({ current, wanted, paths, mutable: mutableTopicFields }));
    this.#journal.topic(topic.config);
    return topic.config;
  }

  /** Its subscriptions keep their messages, under the topic's name for deleted ones. */
  deleteTopic(name: string): void {
    const topic = this.topic(name);
    this.#topics.delete(name);
    topic.delete();
    for (const subscription of topic.subscriptions) {
      subscription.reconfigure({ ...subscription.config, topic: deletedTopicName });
    }
    this.#journal.topicDeleted(name);
  }

  topics(): IterableIterator<Topic> {
    return this.#topics.values();
  }

  /**
   * Publishes messages.
   *
   * @returns their ids, in order
   * @throws StatusError NOT_FOUND, or INVALID_ARGUMENT for a limit
   */
  publish(topicName: string, messages: readonly WireMessage[]): string[] {
    const topic = this.topic(topicName);
    const sizes = checkPublish(messages);
    const stored = messages.map((message, i) => this.#store(message, sizes[i] ?? 0));
    this.counts.publishRequests++;
    this.counts.publishedMessages += stored.length;
    for (const bytes of sizes) this.counts.publishedBytes += bytes;
    topic.publish(stored, this.#journal, this.#timers.nowMs());
    return stored.map((message) => message.id);
  }

  #store(message: WireMessage, bytes: number): StoredMessage {
    return {
      id: this.#ids.next(),
      data: message.data,
      attributes: message.attributes,
      orderingKey: message.orderingKey,
      publishTimeMs: this.#timers.nowMs(),
      messageBytes: bytes,
      pushJson: undefined,
    };
  }

  #forward(topicName: string, message: WireMessage): boolean {
    const topic = this.#topics.get(topicName);
    if (topic === undefined) return false;
    const stored = this.#store(message, messageBytes(message));
    topic.publish([stored], this.#journal, this.#timers.nowMs());
    return true;
  }

  // ---- Subscriptions.

  createSubscription(config: SubscriptionConfig): SubscriptionConfig {
    parseResourceName("subscriptions", config.name);
    if (this.#subscriptions.has(config.name)) throw alreadyExists(config.name);
    const topic = this.topic(config.topic);
    const normal = this.#check({ ...normalizeConfig(config), detached: false });
    this.#register(normal, topic);
    this.#journal.subscription(normal);
    return normal;
  }

  #check(config: SubscriptionConfig): SubscriptionConfig {
    const settings = readSettings(config);
    if (settings.deadLetter !== undefined) this.topic(settings.deadLetter.topic);
    return config;
  }

  #register(config: SubscriptionConfig, topic: Topic): Registered {
    const world: SubscriptionWorld = {
      timers: this.#timers,
      counts: this.counts,
      journal: this.#journal,
      forward: (name, message) =>
        this.#mayForward(config.name, name) && this.#forward(name, message),
    };
    const subscription = new Subscription(config, world);
    const registered: Registered = { subscription, topic, pushSlot: undefined };
    this.#subscriptions.set(config.name, registered);
    topic.subscriptions.add(subscription);
    this.#attachPush(registered);
    return registered;
  }

  #attachPush(registered: Registered): void {
    const { subscription } = registered;
    if (registered.pushSlot !== undefined) subscription.detach(registered.pushSlot);
    registered.pushSlot = undefined;
    if (subscription.settings.pushEndpoint === undefined || !this.#newPushConsumer) return;
    const gone = new StatusError(
      status.FAILED_PRECONDITION,
      "This method is not supported for this subscription type.",
    );
    subscription.closeConsumers(gone);
    registered.pushSlot = subscription.attach(this.#newPushConsumer(subscription));
    subscription.pump();
  }

  subscription(name: string): Subscription {
    return this.#registered(name).subscription;
  }

  #registered(name: string): Registered {
    const registered = this.#subscriptions.get(name);
    if (registered !== undefined) return registered;
    parseResourceName("subscriptions", name);
    throw notFound(name);
  }

  /**
   * Returns a subscription that may be pulled from.
   *
   * @throws StatusError FAILED_PRECONDITION if it is detached or has a push endpoint
   */
  pullable(name: string): Subscription {
    const subscription = this.subscription(name);
    if (subscription.config.detached) throw detachedError(name);
    if (subscription.settings.pushEndpoint !== undefined) {
      throw new StatusError(
        status.FAILED_PRECONDITION,
        "This method is not supported for this subscription type.",
      );
    }
    return subscription;
  }

  updateSubscription(wanted: SubscriptionConfig, paths: readonly string[]): SubscriptionConfig {
    const registered = this.#registered(wanted.name);
    const { subscription } = registered;
    const current = subscription.config;
    const changed = applyMask({ current, wanted, paths, mutable: mutableSubscriptionFields });
    subscription.reconfigure(this.#check(normalizeConfig(changed)));
    if (paths.some((path) => /^push_?config/i.test(path))) this.#attachPush(registered);
    return subscription.config;
  }

  modifyPushConfig(name: string, pushConfig: PushConfig | null): void {
    const wanted = { ...this.subscription(name).config, pushConfig };
    this.updateSubscription(wanted, ["push_config"]);
  }

  deleteSubscription(name: string): void {
    const { subscription, topic } = this.#registered(name);
    this.#subscriptions.delete(name);
    topic.subscriptions.delete(subscription);
    subscription.close(notFound(name));
    this.#journal.subscriptionDeleted(name);
  }

  /** Takes a subscription off its topic and drops its messages. */
  detachSubscription(name: string): void {
    const { subscription, topic } = this.#registered(name);
    topic.subscriptions.delete(subscription);
    for (const { id } of [...subscription.unacknowledged()]) subscription.drop(id);
    subscription.closeConsumers(detachedError(name));
    subscription.reconfigure({ ...subscription.config, detached: true });
  }

  *subscriptions(): IterableIterator<Subscription> {
    for (const { subscription } of this.#subscriptions.values()) yield subscription;
  }

  createSnapshot(
    name: string,
    subscriptionName: string,
    labels: Readonly<Record<string, string>>,
  ): ReturnType<Snapshots["get"]> {
    const { subscription, topic } = this.#registered(subscriptionName);
    return this.snapshots.create({ name, labels, subscription, topic });
  }

  /** Moves a subscription to a time (ms since the epoch) or to a snapshot (its name). */
  seek(subscriptionName: string, target: number | string): void {
    const { subscription, topic } = this.#registered(subscriptionName);
    if (subscription.config.detached) throw detachedError(subscriptionName);
    this.snapshots.seek(subscription, topic, target);
  }

  // ---- Restart and stop.

  /** Takes back what a journal kept: a subscription with its unacknowledged messages. */
  restoreSubscription(config: SubscriptionConfig, messages: Iterable<StoredMessage>): void {
    // The subscription of a deleted topic gets a topic of its own, to which nobody can publish.
    const topic = this.#topics.get(config.topic) ?? new Topic({ name: deletedTopicName });
    const { subscription } = this.#register(config, topic);
    for (const message of messages) subscription.add(message);
    subscription.sort();
    if (config.detached) topic.subscriptions.delete(subscription);
    subscription.pump();
  }

  /** Ends all consumers and timers. */
  close(): void {
    const why = new StatusError(status.UNAVAILABLE, "The server is stopping.");
    for (const { subscription } of this.#subscriptions.values()) subscription.close(why);
  }
}

function detachedError(name: string): Error {
  return new StatusError(
    status.FAILED_PRECONDITION,
    `Subscription is detached (resource=${name}).`,
  );
}
