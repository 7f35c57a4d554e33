/**
 * Deliveries: topics and push subscriptions as Pub/Sub has them, with all that may go wrong.
 *
 * Owns: order by key, the deadline, and which message comes again. Does not own: which instance
 * takes it (lives.ts), or what it does (the engine).
 *
 * DL1. Of one ordering key the next message goes out when the one before is acknowledged.
 * DL2. A message that is not acknowledged within the deadline comes again, while whoever has it may
 *      go on with it.
 * DL3. Messages without a key go out at once, in any order.
 */
import type { Mailboxes, OutgoingMessage } from "../../../functions/ports.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import type { Faults } from "./faults.ts";
import { DEADLINE_MS } from "./instance-ports.ts";
import type { Scheduler } from "./scheduler.ts";

/** A refused message comes again after this, as long as faults are on or off. */
const RETRY_MS = 100;

/** A duplicate comes within this after the first. */
const DUPLICATE_MS = 20_000;

/** How a message is given to an instance; rejecting means that it must come again. */
export type Give = (message: SourceMessage) => Promise<void>;

interface Lane {
  readonly key: string;
  readonly messages: SourceMessage[];
  next: number;
  isOut: boolean;
}

interface Subscription {
  readonly topic: string;
  readonly give: Give;
  readonly lanes: Map<string, Lane>;
  /** Messages that nobody has acknowledged. */
  backlog: number;
}

/** Topics and push subscriptions. */
export class Deliveries implements Mailboxes {
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #kept = new Map<string, SourceMessage[]>();
  #nextId = 1;

  constructor(scheduler: Scheduler, faults: Faults) {
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  subscribe(topic: string, give: Give): void {
    this.#subscriptions.set(topic, { topic, give, lanes: new Map(), backlog: 0 });
  }

  /** Messages of a topic that nobody takes from. */
  kept(topic: string): readonly SourceMessage[] {
    return this.#kept.get(topic) ?? [];
  }

  /** How many messages of a topic nobody has acknowledged. */
  backlog(topic: string): number {
    return this.#subscriptions.get(topic)?.backlog ?? 0;
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    for (const { topic, orderingKey, data, attributes } of messages) {
      const publishTime = new Date(this.#scheduler.nowMs).toISOString();
      const message = { data, attributes, messageId: String(this.#nextId++), publishTime };
      const subscription = this.#subscriptions.get(topic);
      if (subscription === undefined) this.#keep(topic, message);
      else if (orderingKey === "") this.#sendAlone(subscription, message);
      else this.#queue(subscription, orderingKey, message);
    }
  }

  #keep(topic: string, message: SourceMessage): void {
    const kept = this.#kept.get(topic) ?? [];
    kept.push(message);
    this.#kept.set(topic, kept);
  }

  #sendAlone(subscription: Subscription, message: SourceMessage): void {
    const faults = this.#faults;
    subscription.backlog++;
    const afterMs = faults.happens("delivery reordered") ? faults.below(1_500) : this.#delayMs();
    this.#send(subscription, message, afterMs, () => {
      subscription.backlog--;
      if (faults.happens("delivery duplicate")) this.#sendCopy(subscription, message, DUPLICATE_MS);
    });
  }

  #queue(subscription: Subscription, key: string, message: SourceMessage): void {
    let lane = subscription.lanes.get(key);
    if (lane === undefined) {
      lane = { key, messages: [], next: 0, isOut: false };
      subscription.lanes.set(key, lane);
    }
    lane.messages.push(message);
    subscription.backlog++;
    this.#advance(subscription, lane);
  }

  #advance(subscription: Subscription, lane: Lane): void {
    const message = lane.messages[lane.next];
    if (lane.isOut || message === undefined) return;
    lane.isOut = true;
    this.#send(subscription, message, this.#delayMs(), () => {
      lane.isOut = false;
      lane.next++;
      subscription.backlog--;
      if (this.#faults.happens("delivery duplicate")) {
        const again = Math.min(lane.next, 1 + this.#faults.below(3));
        lane.next -= again;
        subscription.backlog += again;
      }
      this.#advance(subscription, lane);
    });
  }

  /** Sends a message until it is acknowledged. */
  #send(
    subscription: Subscription,
    message: SourceMessage,
    afterMs: number,
    acknowledged: () => void,
  ): void {
    const scheduler = this.#scheduler;
    const faults = this.#faults;
    const who = `${subscription.topic} ${message.messageId}`;
    const again = (reason: string, afterMsAgain: number): void => {
      scheduler.note(`${who} comes again: ${reason}`);
      this.#send(subscription, message, afterMsAgain, acknowledged);
    };
    scheduler.park(who, "goes out", afterMs, () => {
      if (faults.happens("delivery refused")) return again("refused on its way", RETRY_MS);
      scheduler.note(`${who} goes out`);
      const deadline = scheduler.park(who, "deadline", DEADLINE_MS, () => {
        deadline.isCancelled = true;
        again("deadline", 0);
      });
      if (faults.happens("delivery overlapping")) this.#sendCopy(subscription, message, 300);
      subscription.give(message).then(
        () => {
          if (deadline.isCancelled || faults.happens("acknowledgement lost")) return;
          deadline.isCancelled = true;
          acknowledged();
        },
        () => {
          if (deadline.isCancelled) return;
          deadline.isCancelled = true;
          again("refused", RETRY_MS);
        },
      );
    });
  }

  /** Sends a message once more, whatever comes of it. */
  #sendCopy(subscription: Subscription, message: SourceMessage, withinMs: number): void {
    const who = `${subscription.topic} ${message.messageId}`;
    this.#scheduler.park(who, "goes out once more", this.#faults.below(withinMs), () => {
      this.#scheduler.note(`${who} goes out once more`);
      subscription.give(message).catch(() => {}); // The first one counts.
    });
  }

  #delayMs(): number {
    return this.#faults.happens("delivery delayed") ? this.#faults.below(3_000) : 0;
  }
}
