/**
 * Memory mailboxes: topics, subscriptions and deliveries in this process.
 *
 * Owns: order by key, retry after a refusal, and what was published to topics that nobody takes
 * from. Does not own: time (virtual-clock.ts).
 *
 * MM1. Of one ordering key at most one message is out; a refused one comes again before later ones.
 * MM2. Without a key, up to OUTSTANDING_MAX messages of a subscription are out at once.
 */
import type { Mailboxes, OutgoingMessage } from "../../functions/ports.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Takes one message; rejecting means that it must come again. */
export type Deliver = (message: SourceMessage) => Promise<void>;

/** What Pub/Sub would bill, and what went wrong. */
export interface MailboxCounts {
  publishRequests: number;
  messages: number;
  bytes: number;
  deliveries: number;
  refusals: number;
}

const OUTSTANDING_MAX = 1_000;
const RETRY_MS = 100;

interface Lane {
  readonly waiting: SourceMessage[];
  /** Index of the next message; the array is cut when it has grown long. */
  next: number;
  out: number;
  readonly outMax: number;
}

interface Subscription {
  readonly deliver: Deliver;
  readonly lanes: Map<string, Lane>;
}

/** Topics, subscriptions and deliveries in this process. */
export class MemoryMailboxes implements Mailboxes {
  readonly counts: MailboxCounts = {
    publishRequests: 0,
    messages: 0,
    bytes: 0,
    deliveries: 0,
    refusals: 0,
  };
  /** Deliveries that are out. */
  active = 0;
  readonly #clock: VirtualClock;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #kept = new Map<string, SourceMessage[]>();
  #nextId = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Takes a topic's messages from now on. */
  subscribe(topic: string, deliver: Deliver): void {
    this.#subscriptions.set(topic, { deliver, lanes: new Map() });
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
    let count = 0;
    for (const lane of this.#subscriptions.get(topic)?.lanes.values() ?? []) {
      count += lane.waiting.length - lane.next + lane.out;
    }
    return count;
  }

  #store(topic: string, orderingKey: string, message: SourceMessage): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) {
      const kept = this.#kept.get(topic) ?? [];
      kept.push(message);
      this.#kept.set(topic, kept);
      return;
    }
    let lane = subscription.lanes.get(orderingKey);
    if (lane === undefined) {
      lane = { waiting: [], next: 0, out: 0, outMax: orderingKey === "" ? OUTSTANDING_MAX : 1 };
      subscription.lanes.set(orderingKey, lane);
    }
    lane.waiting.push(message);
    this.#dispatch(subscription, lane);
  }

  #dispatch(subscription: Subscription, lane: Lane): void {
    while (lane.out < lane.outMax) {
      const message = lane.waiting[lane.next];
      if (message === undefined) return;
      lane.next++;
      if (lane.next > 1_000) {
        lane.waiting.splice(0, lane.next);
        lane.next = 0;
      }
      lane.out++;
      this.active++;
      this.#clock.uses++;
      void this.#deliver(subscription, lane, message);
    }
  }

  async #deliver(subscription: Subscription, lane: Lane, message: SourceMessage): Promise<void> {
    this.counts.deliveries++;
    try {
      await subscription.deliver(message);
      lane.out--;
      this.#dispatch(subscription, lane);
    } catch {
      // Refused: the same message comes again; it keeps its place, and so the order of its key.
      this.counts.refusals++;
      this.#clock.at(this.#clock.nowMs() + RETRY_MS, () => {
        this.active++;
        void this.#deliver(subscription, lane, message);
      });
    } finally {
      this.active--;
      this.#clock.uses++;
    }
  }
}
