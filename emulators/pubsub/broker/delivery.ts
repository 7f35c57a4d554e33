/**
 * A message on its way through one subscription, and whom it is lent to.
 *
 * Owns: the states of a delivery and the face of a consumer. Does not own: moving between the states
 * (subscription.ts), choosing the next one (unordered-queue.ts, ordered-queue.ts).
 *
 *            take                acknowledge
 *   queued ───────▶ leased ──────────────────────▶ done
 *     ▲               │    (ordered, and an earlier one is not: acknowledged-early ──▶ done)
 *     │  put back     │
 *     ├───────────────┤
 *     │ backoff over  ▼  with a retry policy
 *     └──────────── waiting
 */
import type { AlarmEntry } from "../alarm-heap.ts";
import type { Fifo } from "../fifo.ts";
import type { StoredMessage } from "./message.ts";

/** Where a delivery stands. */
type DeliveryState = "queued" | "leased" | "waiting" | "acknowledged-early" | "done";

/** How a lease ended. */
export type LeaseEnd = "acknowledged" | "returned" | "expired" | "dropped";

/** One message of one subscription. */
export class Delivery implements AlarmEntry {
  readonly message: StoredMessage;
  state: DeliveryState = "queued";
  /** Negative acknowledgements and expired leases so far. */
  failures = 0;
  /** Number of leases so far; an acknowledgement id names one of them. */
  leases = 0;
  /** Whom it is lent to; only while leased. */
  slot: ConsumerSlot | undefined = undefined;
  /** The line of its ordering key; only in ordered subscriptions. */
  line: KeyLine | undefined = undefined;
  dueAtMs = 0;
  heapIndex = -1;

  constructor(message: StoredMessage) {
    this.message = message;
  }
}

/** Somebody who takes messages: a Pull, a stream, or the pushes to an endpoint. */
export interface Consumer {
  /** How long a lease lasts, in ms. */
  readonly ackDeadlineMs: number;
  /** At most one outstanding message per ordering key (push). */
  readonly isOnePerKey: boolean;
  /** Whether it would take one more message now. */
  hasRoom(): boolean;
  /** Takes a leased message. Must not call back into the subscription before it returns. */
  accept(delivery: Delivery): void;
  /** Called after some messages were accepted. */
  flush(): void;
  /** Called when a lease ends. */
  released(delivery: Delivery, how: LeaseEnd): void;
  /** Called when the subscription is gone: deleted, detached, or made push where it was pull. */
  closed(why: Error): void;
}

/** A consumer's place at a subscription. */
export interface ConsumerSlot {
  readonly consumer: Consumer;
  /** Ordering keys that this consumer has messages of, and could get more of. */
  readonly lines: Fifo<KeyLine>;
  isAttached: boolean;
}

/** The messages of one ordering key, in order. */
export interface KeyLine {
  readonly key: string;
  /** Not leased; the first one may be waiting for its backoff. */
  readonly queued: Fifo<Delivery>;
  /** Leased or acknowledged early, in order. */
  leased: Delivery[];
  /** Who has the leased ones. */
  owner: ConsumerSlot | undefined;
  /** Whether it stands in a queue to be taken from. */
  isOffered: boolean;
  isWaiting: boolean;
}

/** Chooses which delivery comes next. */
export interface DeliveryQueue {
  /** Adds a delivery that was never leased. */
  add(delivery: Delivery): void;
  /** Deliveries were added that belong before others in it. */
  sort(): void;
  /** Leases the next delivery that this consumer may have. */
  take(slot: ConsumerSlot): Delivery | undefined;
  /** Notes an acknowledgement; returns those deliveries that are done by it. */
  acknowledge(delivery: Delivery): readonly Delivery[];
  /**
   * Ends a lease without acknowledgement; returns those that lost their lease by it.
   * If `isDelayed`, the delivery is not taken again before `wake`.
   */
  putBack(delivery: Delivery, isDelayed: boolean): readonly Delivery[];
  /** The backoff of a delivery is over. */
  wake(delivery: Delivery): void;
  /** Takes a delivery out for good, whatever its state; returns those that are done by it. */
  drop(delivery: Delivery): readonly Delivery[];
  /** Lets go of the keys of a consumer that has left. */
  detach(slot: ConsumerSlot): void;
}
