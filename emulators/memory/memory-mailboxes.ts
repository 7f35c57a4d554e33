/**
 * Memory mailboxes: topics and subscriptions in this process.
 *
 * Owns: which subscription takes a topic's messages, and what was published to topics that nobody
 * takes from. Does not own: deliveries (memory-subscription.ts), time (virtual-clock.ts).
 */
import type { Mailboxes, OutgoingMessage } from "../../functions/ports.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { type Deliver, type Deliveries, MemorySubscription } from "./memory-subscription.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export type { Deliver } from "./memory-subscription.ts";

/** What Pub/Sub would bill, and what went wrong. */
export interface MailboxCounts {
  publishRequests: number;
  messages: number;
  bytes: number;
  deliveries: number;
  refusals: number;
}

/** Topics and subscriptions in this process. */
export class MemoryMailboxes implements Mailboxes, Deliveries {
  readonly counts: MailboxCounts = {
    publishRequests: 0,
    messages: 0,
    bytes: 0,
    deliveries: 0,
    refusals: 0,
  };
  active = 0;
  readonly #clock: VirtualClock;
  /** By topic, and by the name of the subscription. */
  readonly #takers = new Map<string, MemorySubscription>();
  readonly #subscriptions = new Map<string, MemorySubscription>();
  readonly #kept = new Map<string, SourceMessage[]>();
  #nextId = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Takes a topic's messages from now on; `name` is the subscription's. */
  subscribe(topic: string, deliver: Deliver, name: string = topic): void {
    const subscription = new MemorySubscription(deliver, this.#clock, this);
    this.#takers.set(topic, subscription);
    this.#subscriptions.set(name, subscription);
  }

  /** Returns a subscription by its name; undefined if there is none. */
  subscription(name: string): MemorySubscription | undefined {
    return this.#subscriptions.get(name);
  }

  /** Id of the message that was published last; ids ascend. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  /** Messages of a topic that nobody takes from. */
  kept(topic: string): readonly SourceMessage[] {
    return this.#kept.get(topic) ?? [];
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    this.counts.publishRequests += new Set(messages.map((message) => message.topic)).size;
    for (const { topic, orderingKey, data, attributes } of messages) {
      this.counts.messages++;
      this.counts.bytes += data.length;
      const message: SourceMessage = {
        data,
        attributes,
        messageId: String(this.#nextId++),
        publishTime: new Date(this.#clock.nowMs()).toISOString(),
      };
      this.#store(topic, orderingKey, message);
    }
  }

  /** How many messages of a topic wait or are out. */
  backlog(topic: string): number {
    return this.#takers.get(topic)?.backlog ?? 0;
  }

  #store(topic: string, orderingKey: string, message: SourceMessage): void {
    const subscription = this.#takers.get(topic);
    if (subscription !== undefined) {
      subscription.add(orderingKey, message);
      return;
    }
    const kept = this.#kept.get(topic) ?? [];
    kept.push(message);
    this.#kept.set(topic, kept);
  }
}
