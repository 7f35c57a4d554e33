/**
 * The queue of a subscription with message ordering.
 *
 * Owns: the order within each ordering key, and who gets which key. Does not own: leases and
 * deadlines (subscription.ts).
 *
 * O1. Messages of one key are leased in the order of publishing. A message without a key is a key of
 *     its own.
 * O2. The leased messages of a key are all with one consumer; a push consumer has at most one.
 * O3. Redelivery of one message redelivers all later ones of its key, acknowledged ones too.
 * O4. Keys are independent: a key that waits keeps no other key back.
 * O5. A line is in at most one queue of offers: the shared one, or its owner's if something of it is
 *     leased. An owner that leaves hands its offers back.
 */
import { Fifo } from "../fifo.ts";
import type { ConsumerSlot, Delivery, DeliveryQueue, KeyLine } from "./delivery.ts";

/** Gives messages out in order within each key, and fairly between keys. */
export class OrderedQueue implements DeliveryQueue {
  readonly #lines = new Map<string, KeyLine>();
  readonly #shared = new Fifo<KeyLine>();
  #isOwnNext = false;

  add(delivery: Delivery): void {
    const line = this.#lineOf(delivery.message.orderingKey);
    delivery.line = line;
    line.queued.push(delivery);
    this.#offer(line);
  }

  /** O1: what a seek or a restart brings back may have been published before what waits. */
  sort(): void {
    for (const { queued } of this.#lines.values()) {
      const all = [...queued];
      all.sort((a, b) => Number(a.message.id) - Number(b.message.id));
      queued.clear();
      for (const delivery of all) queued.push(delivery);
    }
  }

  #lineOf(key: string): KeyLine {
    const known = key === "" ? undefined : this.#lines.get(key);
    if (known !== undefined) return known;
    const line: KeyLine = {
      key,
      queued: new Fifo(),
      leased: [],
      owner: undefined,
      isOffered: false,
      isWaiting: false,
    };
    if (key !== "") this.#lines.set(key, line);
    return line;
  }

  take(slot: ConsumerSlot): Delivery | undefined {
    for (;;) {
      const line = this.#shift(slot);
      if (line === undefined) return undefined;
      line.isOffered = false;
      // It began to wait after it was offered; `wake` offers it again.
      if (line.isWaiting) continue;
      const delivery = nextQueued(line);
      if (delivery === undefined) {
        this.#forgetIfEmpty(line);
        continue;
      }
      line.leased.push(delivery);
      line.owner = slot;
      this.#offer(line);
      return delivery;
    }
  }

  /** Own and shared lines take turns, so that neither a deep key nor many keys starve the other. */
  #shift(slot: ConsumerSlot): KeyLine | undefined {
    this.#isOwnNext = !this.#isOwnNext;
    return this.#isOwnNext
      ? (slot.lines.shift() ?? this.#shared.shift())
      : (this.#shared.shift() ?? slot.lines.shift());
  }

  #offer(line: KeyLine): void {
    if (line.isOffered || line.isWaiting || line.queued.length === 0) return;
    if (line.leased.length === 0) {
      line.owner = undefined;
      line.isOffered = true;
      this.#shared.push(line);
    } else if (line.owner?.isAttached && !line.owner.consumer.isOnePerKey) {
      line.isOffered = true;
      line.owner.lines.push(line);
    }
  }

  acknowledge(delivery: Delivery): readonly Delivery[] {
    const line = delivery.line;
    if (line === undefined) return [delivery];
    delivery.state = "acknowledged-early";
    return this.#settle(line);
  }

  /** Ends the wait of acknowledged deliveries that nothing earlier holds up any more. */
  #settle(line: KeyLine): readonly Delivery[] {
    const done: Delivery[] = [];
    while (line.leased[0]?.state === "acknowledged-early") {
      const first = line.leased.shift();
      if (first !== undefined) done.push(first);
    }
    this.#leaseEnded(line);
    return done;
  }

  putBack(delivery: Delivery, isDelayed: boolean): readonly Delivery[] {
    const line = delivery.line;
    if (line === undefined) return [delivery];
    const from = line.leased.indexOf(delivery);
    const returned = line.leased.splice(from);
    for (const later of returned.toReversed()) line.queued.pushFront(later);
    line.isWaiting = isDelayed;
    this.#leaseEnded(line);
    return returned;
  }

  wake(delivery: Delivery): void {
    const line = delivery.line;
    if (line === undefined) return;
    line.isWaiting = false;
    this.#leaseEnded(line);
  }

  drop(delivery: Delivery): readonly Delivery[] {
    const line = delivery.line;
    if (line === undefined) return [delivery];
    const at = line.leased.indexOf(delivery);
    if (at >= 0) line.leased.splice(at, 1);
    if (delivery.state === "waiting") line.isWaiting = false;
    return [delivery, ...this.#settle(line)];
  }

  detach(slot: ConsumerSlot): void {
    for (let line = slot.lines.shift(); line !== undefined; line = slot.lines.shift()) {
      line.isOffered = false;
      this.#offer(line);
    }
  }

  #leaseEnded(line: KeyLine): void {
    this.#offer(line);
    this.#forgetIfEmpty(line);
  }

  #forgetIfEmpty(line: KeyLine): void {
    if (line.queued.length > 0 || line.leased.length > 0) return;
    if (this.#lines.get(line.key) === line) this.#lines.delete(line.key);
  }
}

/** Takes the first delivery that is still to be delivered; what was dropped meanwhile is skipped. */
function nextQueued(line: KeyLine): Delivery | undefined {
  for (;;) {
    const delivery = line.queued.shift();
    if (delivery === undefined || delivery.state === "queued") return delivery;
  }
}
