/**
 * What the broker's tests share: time that stands still until it is moved, and a consumer that
 * remembers what it got.
 */
import { Broker, type BrokerOptions } from "../../../../emulators/pubsub/broker/broker.ts";
import type { Consumer, Delivery, LeaseEnd } from "../../../../emulators/pubsub/broker/delivery.ts";
import type { Subscription } from "../../../../emulators/pubsub/broker/subscription.ts";
import type { SubscriptionConfig, WireMessage } from "../../../../emulators/pubsub/wire.ts";
import type { CancelTimer, Timers } from "../../../../emulators/timers.ts";

/** Timers that a test moves by hand. */
export class HandTimers implements Timers {
  #nowMs: number;
  #timers: { atMs: number; run: () => void }[] = [];

  constructor(nowMs = 1_800_000_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers are waiting. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Moves time and runs what becomes due, in order. */
  move(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs);
      const [next] = due.sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}

/** A consumer that keeps what it accepts. */
export class TestConsumer implements Consumer {
  readonly ackDeadlineMs: number;
  readonly isOnePerKey: boolean;
  readonly accepted: Delivery[] = [];
  readonly ended: [string, LeaseEnd][] = [];
  room: number;
  closedWith: Error | undefined;

  constructor(options: { room?: number; isOnePerKey?: boolean; ackDeadlineMs?: number } = {}) {
    this.room = options.room ?? Number.POSITIVE_INFINITY;
    this.isOnePerKey = options.isOnePerKey ?? false;
    this.ackDeadlineMs = options.ackDeadlineMs ?? 10_000;
  }

  /** The data of all messages accepted so far, in order. */
  get got(): string[] {
    return this.accepted.map(({ message }) => message.data.toString());
  }

  /** Forgets what was accepted and returns its data. */
  take(): string[] {
    const got = this.got;
    this.accepted.length = 0;
    return got;
  }

  last(data: string): Delivery {
    const found = this.accepted.findLast(({ message }) => message.data.toString() === data);
    if (found === undefined) throw new Error(`"${data}" was not delivered`);
    return found;
  }

  hasRoom(): boolean {
    return this.room > 0;
  }

  accept(delivery: Delivery): void {
    this.room--;
    this.accepted.push(delivery);
  }

  flush(): void {
    // What it got, it has.
  }

  released(delivery: Delivery, how: LeaseEnd): void {
    this.room++;
    this.ended.push([delivery.message.data.toString(), how]);
  }

  closed(why: Error): void {
    this.closedWith = why;
  }
}

export const topicName = "projects/p/topics/topic";
export const subscriptionName = "projects/p/subscriptions/sub";

/** A message of some text. */
export function text(
  data: string,
  orderingKey = "",
  attributes: Record<string, string> = {},
): WireMessage {
  return { data: Buffer.from(data), attributes, orderingKey };
}

/** A broker with one topic and one subscription. */
export class World {
  readonly timers: HandTimers = new HandTimers();
  readonly broker: Broker;
  readonly subscription: Subscription;

  constructor(config: Partial<SubscriptionConfig> = {}, options: Partial<BrokerOptions> = {}) {
    this.broker = new Broker({ timers: this.timers, ...options });
    this.broker.createTopic({ name: topicName });
    this.broker.createTopic({ name: `${topicName}-dead` });
    this.broker.createSubscription({ name: subscriptionName, topic: topicName, ...config });
    this.subscription = this.broker.subscription(subscriptionName);
  }

  publish(...messages: (WireMessage | string)[]): string[] {
    const wire = messages.map((message) => (typeof message === "string" ? text(message) : message));
    return this.broker.publish(topicName, wire);
  }

  attach(options: ConstructorParameters<typeof TestConsumer>[0] = {}): TestConsumer {
    const consumer = new TestConsumer(options);
    this.subscription.attach(consumer);
    this.subscription.pump();
    return consumer;
  }

  acknowledge(consumer: TestConsumer, data: string): void {
    this.subscription.acknowledge(consumer.last(data));
    this.subscription.pump();
  }

  nack(consumer: TestConsumer, data: string): void {
    this.subscription.nack(consumer.last(data));
    this.subscription.pump();
  }
}
