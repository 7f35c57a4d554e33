/**
 * A subscription: every message that is not acknowledged yet, and what happens to it.
 *
 * Owns: leases, deadlines, retries, and the pump from the queue to the consumers. Does not own: the
 * order (unordered-queue.ts, ordered-queue.ts), replaying (seek.ts), HTTP and gRPC.
 *
 * S1. A delivery is in `#deliveries` from the moment it is added until it is acknowledged, dead or
 *     dropped; no other structure keeps it alive for long.
 * S2. A leased delivery is in the alarm heap with its deadline; a waiting one with its backoff's end.
 * S3. A lease ends once, and its consumer is told so once.
 * S4. Whenever a message or room for one may have appeared, `pump` runs: nothing polls.
 */

import type { Timers } from "../../timers.ts";
import { AlarmHeap } from "../alarm-heap.ts";
import type { PubsubCounts } from "../counts.ts";
import { Fifo } from "../fifo.ts";
import type { SubscriptionConfig, WireMessage } from "../wire.ts";
import { isDeadLetter, toDeadLetter } from "./dead-letter.ts";
import {
  type Consumer,
  type ConsumerSlot,
  Delivery,
  type DeliveryQueue,
  type LeaseEnd,
} from "./delivery.ts";
import type { Journal } from "./journal.ts";
import type { StoredMessage } from "./message.ts";
import { OrderedQueue } from "./ordered-queue.ts";
import { readSettings, type SubscriptionSettings } from "./settings.ts";
import { UnorderedQueue } from "./unordered-queue.ts";

/** What a subscription needs from the broker around it. */
export interface SubscriptionWorld {
  readonly timers: Timers;
  readonly counts: PubsubCounts;
  readonly journal: Journal;
  /** Publishes a dead letter; false if there is no such topic. */
  forward(topic: string, message: WireMessage): boolean;
}

/** How much a subscription still has to deliver. */
export interface Backlog {
  /** Messages that nobody has at the moment. */
  readonly undelivered: number;
  /** Messages that a consumer has and has not acknowledged. */
  readonly outstanding: number;
  /** Age of the oldest message that is not acknowledged, in ms; 0 if there is none. */
  readonly oldestUnackedAgeMs: number;
}

/** The messages of one subscription and their consumers. */
export class Subscription {
  readonly name: string;
  readonly #world: SubscriptionWorld;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #slots: ConsumerSlot[] = [];
  readonly #alarms: AlarmHeap<Delivery>;
  readonly #queue: DeliveryQueue;
  #config: SubscriptionConfig;
  #settings: SubscriptionSettings;
  #outstanding = 0;
  #nextSlot = 0;
  #isPumping = false;

  constructor(config: SubscriptionConfig, world: SubscriptionWorld) {
    this.name = config.name;
    this.#config = config;
    this.#settings = readSettings(config);
    this.#world = world;
    this.#alarms = new AlarmHeap(world.timers, (due) => this.#due(due));
    this.#queue = this.#settings.isOrdered ? new OrderedQueue() : new UnorderedQueue();
  }

  get config(): SubscriptionConfig {
    return this.#config;
  }

  get settings(): SubscriptionSettings {
    return this.#settings;
  }

  /** Takes a checked, normalized configuration over; ordering and filter never change. */
  reconfigure(config: SubscriptionConfig): void {
    this.#settings = readSettings(config);
    this.#config = config;
    this.#world.journal.subscription(config);
  }

  backlog(): Backlog {
    const oldest: Delivery | undefined = this.#deliveries.values().next().value;
    const nowMs = this.#world.timers.nowMs();
    return {
      undelivered: this.#deliveries.size - this.#outstanding,
      outstanding: this.#outstanding,
      oldestUnackedAgeMs: oldest === undefined ? 0 : nowMs - oldest.message.publishTimeMs,
    };
  }

  /** Messages not acknowledged yet, oldest first as they were added. */
  *unacknowledged(): IterableIterator<StoredMessage> {
    for (const delivery of this.#deliveries.values()) yield delivery.message;
  }

  has(messageId: string): boolean {
    return this.#deliveries.has(messageId);
  }

  /** Puts what was added into the order of publishing, where there is one. */
  sort(): void {
    this.#queue.sort();
  }

  /** Adds a message if the filter lets it through; the caller pumps when it has added all. */
  add(message: StoredMessage): boolean {
    if (!this.#settings.filter(message.attributes)) {
      this.#world.counts.filtered++;
      return false;
    }
    const delivery = new Delivery(message);
    this.#deliveries.set(message.id, delivery);
    this.#queue.add(delivery);
    return true;
  }

  /** Takes a message out as if it had been acknowledged (seek, detach). */
  drop(messageId: string): void {
    const delivery = this.#deliveries.get(messageId);
    if (delivery === undefined) return;
    this.#endLease(delivery, "dropped");
    for (const done of this.#queue.drop(delivery)) this.#finish(done);
  }

  /** Lets a consumer in; the caller pumps when it is ready to take messages. */
  attach(consumer: Consumer): ConsumerSlot {
    const slot: ConsumerSlot = { consumer, lines: new Fifo(), isAttached: true };
    this.#slots.push(slot);
    return slot;
  }

  /** Lets a consumer go; what it has leased stays leased until its deadline. */
  detach(slot: ConsumerSlot): void {
    if (!slot.isAttached) return;
    slot.isAttached = false;
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    this.#queue.detach(slot);
    this.pump();
  }

  /** Hands out messages for as long as there are some and somebody has room. */
  pump(): void {
    if (this.#isPumping || this.#slots.length === 0) return;
    this.#isPumping = true;
    try {
      this.#serveAll();
    } finally {
      this.#isPumping = false;
    }
    // Backwards, because a Pull leaves when it is flushed.
    for (let i = this.#slots.length - 1; i >= 0; i--) this.#slots[i]?.consumer.flush();
  }

  #serveAll(): void {
    let withoutLuck = 0;
    while (withoutLuck < this.#slots.length) {
      this.#nextSlot = (this.#nextSlot + 1) % this.#slots.length;
      const slot = this.#slots[this.#nextSlot];
      if (slot !== undefined && this.#serve(slot)) withoutLuck = 0;
      else withoutLuck++;
    }
  }

  #serve(slot: ConsumerSlot): boolean {
    if (!slot.consumer.hasRoom()) return false;
    const delivery = this.#queue.take(slot);
    if (delivery === undefined) return false;
    const nowMs = this.#world.timers.nowMs();
    delivery.state = "leased";
    if (delivery.message.publishTimeMs + this.#settings.retentionMs <= nowMs) {
      this.#world.counts.retentionDropped++;
      this.#complete(delivery, "dropped");
      return true;
    }
    delivery.slot = slot;
    delivery.leases++;
    this.#outstanding++;
    delivery.dueAtMs = nowMs + slot.consumer.ackDeadlineMs;
    this.#alarms.add(delivery);
    slot.consumer.accept(delivery);
    return true;
  }

  /** Returns the delivery of a message that is not acknowledged yet. */
  find(messageId: string): Delivery | undefined {
    return this.#deliveries.get(messageId);
  }

  /** Acknowledges for good. The caller has checked that this lease counts. */
  acknowledge(delivery: Delivery): void {
    if (delivery.state === "done" || delivery.state === "acknowledged-early") return;
    this.#world.counts.acks++;
    if (delivery.state !== "leased") {
      // A late acknowledgement: the message is waiting to be redelivered, and need not be.
      for (const done of this.#queue.drop(delivery)) this.#finish(done);
      return;
    }
    this.#complete(delivery, "acknowledged");
  }

  /** Gives a leased message back. The caller pumps when it has given back all. */
  nack(delivery: Delivery): void {
    if (delivery.state !== "leased") return;
    this.#world.counts.nacks++;
    this.#fail(delivery, "returned");
  }

  /** Moves the deadline of a leased message. */
  extend(delivery: Delivery, ackDeadlineMs: number): void {
    if (delivery.state !== "leased") return;
    this.#alarms.remove(delivery);
    delivery.dueAtMs = this.#world.timers.nowMs() + ackDeadlineMs;
    this.#alarms.add(delivery);
  }

  /** Ends all consumers and forgets all messages; no timer is left. */
  close(why: Error): void {
    this.closeConsumers(why);
    this.#alarms.clear();
    this.#deliveries.clear();
    this.#outstanding = 0;
  }

  /** Sends all consumers away, as when a pull subscription becomes a push one. */
  closeConsumers(why: Error): void {
    for (const slot of [...this.#slots]) {
      slot.consumer.closed(why);
      this.detach(slot);
    }
  }

  #due(due: readonly Delivery[]): void {
    for (const delivery of due) {
      if (delivery.state === "waiting") {
        delivery.state = "queued";
        this.#queue.wake(delivery);
      } else if (delivery.state === "leased") {
        this.#world.counts.expiredLeases++;
        this.#fail(delivery, "expired");
      }
    }
    this.pump();
  }

  #fail(delivery: Delivery, how: LeaseEnd): void {
    delivery.failures++;
    if (isDeadLetter(delivery, this.#settings) && this.#forward(delivery)) {
      this.#complete(delivery, how);
      return;
    }
    const delayMs = this.#retryDelayMs(delivery);
    for (const returned of this.#queue.putBack(delivery, delayMs > 0)) {
      this.#endLease(returned, how);
      returned.state = "queued";
    }
    if (delayMs === 0) return;
    delivery.state = "waiting";
    delivery.dueAtMs = this.#world.timers.nowMs() + delayMs;
    this.#alarms.add(delivery);
  }

  #forward(delivery: Delivery): boolean {
    const topic = this.#settings.deadLetter?.topic ?? "";
    const isForwarded = this.#world.forward(topic, toDeadLetter(delivery, this.name));
    if (isForwarded) this.#world.counts.deadLettered++;
    return isForwarded;
  }

  /** delay = min(maximum, minimum × 2^(failures − 1)) */
  #retryDelayMs(delivery: Delivery): number {
    const retry = this.#settings.retry;
    if (retry === undefined) return 0;
    return Math.min(retry.maximumMs, retry.minimumMs * 2 ** Math.min(delivery.failures - 1, 30));
  }

  #complete(delivery: Delivery, how: LeaseEnd): void {
    this.#endLease(delivery, how);
    for (const done of this.#queue.acknowledge(delivery)) this.#finish(done);
  }

  /** S3: tells the consumer, if there is a lease to end. */
  #endLease(delivery: Delivery, how: LeaseEnd): void {
    const slot = delivery.slot;
    if (slot === undefined) return;
    this.#alarms.remove(delivery);
    delivery.slot = undefined;
    this.#outstanding--;
    slot.consumer.released(delivery, how);
  }

  #finish(delivery: Delivery): void {
    this.#alarms.remove(delivery);
    delivery.state = "done";
    this.#deliveries.delete(delivery.message.id);
    this.#world.journal.acknowledged(this.name, delivery.message.id);
  }
}
