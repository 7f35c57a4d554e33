/**
 * The queue of a subscription without message ordering.
 *
 * Owns: which delivery comes next. Does not own: leases and deadlines (subscription.ts).
 *
 * U1. Redelivered messages and new ones take turns: a redelivery doesn't wait for the whole backlog,
 *     and messages that always fail don't keep the others back.
 * U2. What is done while it is queued stays in place and is skipped when its turn comes.
 */
import { Fifo } from "../fifo.ts";
import type { ConsumerSlot, Delivery, DeliveryQueue } from "./delivery.ts";

/** Gives messages out in the order they came, with redeliveries in between. */
export class UnorderedQueue implements DeliveryQueue {
  readonly #fresh = new Fifo<Delivery>();
  readonly #redelivered = new Fifo<Delivery>();
  #isRedeliveryNext = true;

  add(delivery: Delivery): void {
    this.#fresh.push(delivery);
  }

  sort(): void {
    // In which order they come is promised to nobody.
  }

  take(_slot: ConsumerSlot): Delivery | undefined {
    for (;;) {
      const delivery = this.#shift();
      if (delivery === undefined || delivery.state === "queued") return delivery;
    }
  }

  #shift(): Delivery | undefined {
    this.#isRedeliveryNext = !this.#isRedeliveryNext;
    return this.#isRedeliveryNext
      ? (this.#redelivered.shift() ?? this.#fresh.shift())
      : (this.#fresh.shift() ?? this.#redelivered.shift());
  }

  acknowledge(delivery: Delivery): readonly Delivery[] {
    return [delivery];
  }

  putBack(delivery: Delivery, isDelayed: boolean): readonly Delivery[] {
    if (!isDelayed) this.#redelivered.push(delivery);
    return [delivery];
  }

  wake(delivery: Delivery): void {
    this.#redelivered.push(delivery);
  }

  drop(delivery: Delivery): readonly Delivery[] {
    // U2: the state alone says that it is gone.
    return [delivery];
  }

  detach(_slot: ConsumerSlot): void {
    // No consumer has a claim on anything that isn't leased.
  }
}
