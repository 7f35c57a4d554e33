/**
 * Memory subscription: the messages of one subscription that are not acknowledged yet.
 *
 * Owns: order by key, retry after a refusal, and standing still. Does not own: topics and ids
 * (memory-mailboxes.ts), time (virtual-clock.ts).
 *
 * MM1. Of one ordering key at most one message is out; a refused one comes again before later ones.
 * MM2. Without a key, up to OUTSTANDING_MAX messages of a subscription are out at once.
 * MM3. While it stands still nothing is delivered, not even again; what is out is still answered.
 * MM4. As on Pub/Sub, what was published since the oldest snapshot is kept though it is acknowledged.
 */
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Takes one message; rejecting means that it must come again. */
export type Deliver = (message: SourceMessage) => Promise<void>;

/** What all subscriptions count together. */
export interface Deliveries {
  readonly counts: { deliveries: number; refusals: number };
  /** Deliveries that are out. */
  active: number;
}

/** A message with its key, as a snapshot remembers it. */
export interface KeyedMessage {
  readonly key: string;
  readonly message: SourceMessage;
}

const OUTSTANDING_MAX = 1_000;
const RETRY_MS = 100;

interface Lane {
  readonly key: string;
  waiting: SourceMessage[];
  /** Index of the next message; the array is cut when it has grown long. */
  next: number;
  /** Delivered and not acknowledged, in the order of publishing. */
  readonly out: Set<SourceMessage>;
  /** Of those, refused ones on their way to come again. */
  readonly refused: Set<SourceMessage>;
  readonly outMax: number;
}

/** The messages of one subscription. */
export class MemorySubscription {
  readonly #deliver: Deliver;
  readonly #clock: VirtualClock;
  readonly #all: Deliveries;
  readonly #lanes = new Map<string, Lane>();
  /** What was acknowledged and would come again by a seek; undefined: no snapshot is there. */
  #acknowledged: KeyedMessage[] | undefined;
  isStopped = false;

  constructor(deliver: Deliver, clock: VirtualClock, all: Deliveries) {
    this.#deliver = deliver;
    this.#clock = clock;
    this.#all = all;
  }

  /** Messages that wait or are out. */
  get backlog(): number {
    let count = 0;
    for (const { waiting, next, out } of this.#lanes.values()) {
      count += waiting.length - next + out.size;
    }
    return count;
  }

  /** Deliveries that are out; a refused one that has yet to come again is none. */
  get outstanding(): number {
    let count = 0;
    for (const { out, refused } of this.#lanes.values()) count += out.size - refused.size;
    return count;
  }

  add(key: string, message: SourceMessage): void {
    const lane = this.#laneOf(key);
    lane.waiting.push(message);
    this.#dispatch(lane);
  }

  stop(): void {
    this.isStopped = true;
  }

  start(): void {
    this.isStopped = false;
    for (const lane of this.#lanes.values()) this.#dispatch(lane);
  }

  /** Drops everything; what is out may still be answered, and does not come again. */
  purge(): void {
    this.#lanes.clear();
  }

  /** What is not acknowledged, in the order of publishing within each key. */
  unacknowledged(): KeyedMessage[] {
    return [...this.#lanes.values()].flatMap(({ key, out, waiting, next }) =>
      [...out, ...waiting.slice(next)].map((message) => ({ key, message })),
    );
  }

  /** Keeps what is acknowledged from now on (MM4), or forgets it. */
  keep(isKept: boolean): void {
    this.#acknowledged = isKept ? (this.#acknowledged ?? []) : undefined;
  }

  /** Goes back to what was not acknowledged once, and to all that was published since. */
  seek(then: readonly KeyedMessage[], lastIdThen: number): void {
    const wanted = new Set(then.map(({ message }) => message));
    const later = [...(this.#acknowledged ?? []), ...this.unacknowledged()]
      .filter(({ message }) => !wanted.has(message) && Number(message.messageId) > lastIdThen)
      .sort((a, b) => Number(a.message.messageId) - Number(b.message.messageId));
    // What does not come again stays acknowledged, for a seek to an older snapshot.
    const again = new Set([...wanted, ...later.map(({ message }) => message)]);
    this.#acknowledged = this.#acknowledged?.filter(({ message }) => !again.has(message));
    this.purge();
    for (const { key, message } of [...then, ...later]) this.#laneOf(key).waiting.push(message);
    for (const lane of this.#lanes.values()) this.#dispatch(lane);
  }

  #laneOf(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const outMax = key === "" ? OUTSTANDING_MAX : 1;
      lane = { key, waiting: [], next: 0, out: new Set(), refused: new Set(), outMax };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #dispatch(lane: Lane): void {
    while (!this.isStopped && lane.out.size < lane.outMax) {
      const message = lane.waiting[lane.next];
      if (message === undefined) return;
      lane.next++;
      if (lane.next > 1_000) {
        lane.waiting.splice(0, lane.next);
        lane.next = 0;
      }
      lane.out.add(message);
      this.#clock.uses++;
      void this.#send(lane, message);
    }
  }

  async #send(lane: Lane, message: SourceMessage): Promise<void> {
    this.#all.active++;
    this.#all.counts.deliveries++;
    try {
      await this.#deliver(message);
      lane.out.delete(message);
      if (this.#isKnown(lane)) {
        this.#acknowledged?.push({ key: lane.key, message });
        this.#dispatch(lane);
      }
    } catch {
      this.#all.counts.refusals++;
      this.#again(lane, message);
    } finally {
      this.#all.active--;
      this.#clock.uses++;
    }
  }

  /** Refused: the same message comes again; it keeps its place, and so the order of its key. */
  #again(lane: Lane, message: SourceMessage): void {
    lane.refused.add(message);
    this.#clock.at(this.#clock.nowMs() + RETRY_MS, () => {
      lane.refused.delete(message);
      if (!this.#isKnown(lane)) return;
      if (!this.isStopped) {
        void this.#send(lane, message);
        return;
      }
      lane.out.delete(message);
      lane.waiting = [message, ...lane.waiting.slice(lane.next)];
      lane.next = 0;
    });
  }

  /** Not so once a purge or a seek has put others in its place. */
  #isKnown(lane: Lane): boolean {
    return this.#lanes.get(lane.key) === lane;
  }
}
