/**
 * Subscription: the messages of one subscription, as Pub/Sub pushes them, with all that may go wrong.
 *
 * Owns: order by key, the deadline, which message comes again, and standing still. Does not own:
 * topics (deliveries.ts), which instance takes a message (deployed.ts), or what it does (the engine).
 *
 * DL1. Of one ordering key the next message goes out when the one before is acknowledged.
 * DL2. A message that is not acknowledged within the deadline comes again, while whoever has it may
 *      go on with it.
 * DL3. Messages without a key go out at once, in any order.
 * DL4. While it stands still nothing goes out, not even again; what is out is still answered.
 */
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import { DEADLINE_MS } from "./calls.ts";
import type { Faults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";

/** A refused message comes again after this, as long as faults are on or off. */
const RETRY_MS = 100;

/** A duplicate comes within this after the first. */
const DUPLICATE_MS = 20_000;

/** How a message is given to an instance; rejecting means that it must come again. */
export type Give = (message: SourceMessage) => Promise<void>;

/** A message with its ordering key, as a snapshot remembers it. */
export interface KeyedMessage {
  readonly key: string;
  readonly message: SourceMessage;
}

interface Lane {
  readonly messages: SourceMessage[];
  next: number;
  isOut: boolean;
}

/** Something that goes out when pushes go on; undefined: whatever was purged meanwhile. */
interface Held {
  readonly epoch: number | undefined;
  readonly go: () => void;
}

/** The messages of one subscription. */
export class Subscription {
  readonly #topic: string;
  readonly #give: Give;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  /** Messages without a key that nobody has acknowledged, by id. */
  readonly #alone = new Map<string, SourceMessage>();
  readonly #lanes = new Map<string, Lane>();
  #held: Held[] = [];
  /** Counts purges and seeks: what was sent before one comes no more. */
  #epoch = 0;
  /** What was acknowledged and would come again by a seek; undefined: no snapshot is there. */
  #acknowledged: KeyedMessage[] | undefined;
  isStopped = false;
  /** Deliveries that are out, within their deadline. */
  outstanding = 0;

  constructor(topic: string, give: Give, scheduler: Scheduler, faults: Faults) {
    this.#topic = topic;
    this.#give = give;
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  /** How many messages nobody has acknowledged. */
  get backlog(): number {
    let count = this.#alone.size;
    for (const { messages, next } of this.#lanes.values()) count += messages.length - next;
    return count;
  }

  /** What nobody has acknowledged, in the order of publishing within each key. */
  unacknowledged(): KeyedMessage[] {
    const alone = [...this.#alone.values()].map((message) => ({ key: "", message }));
    const keyed = [...this.#lanes].flatMap(([key, { messages, next }]) =>
      messages.slice(next).map((message) => ({ key, message })),
    );
    return [...alone, ...keyed];
  }

  add(key: string, message: SourceMessage): void {
    if (key === "") {
      this.#sendAlone(message);
      return;
    }
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { messages: [], next: 0, isOut: false };
      this.#lanes.set(key, lane);
    }
    lane.messages.push(message);
    this.#advance(key, lane);
  }

  stop(): void {
    this.isStopped = true;
  }

  start(): void {
    this.isStopped = false;
    const held = this.#held;
    this.#held = [];
    for (const { epoch = this.#epoch, go } of held) if (epoch === this.#epoch) go();
  }

  /** Drops everything; what is out may still be answered, and a copy of it still come. */
  purge(): void {
    this.#epoch++;
    this.#alone.clear();
    this.#lanes.clear();
  }

  /** Keeps what is acknowledged from now on, for a seek; or forgets it. */
  keep(isKept: boolean): void {
    this.#acknowledged = isKept ? (this.#acknowledged ?? []) : undefined;
  }

  /** Goes back to what was not acknowledged once, and to all that was published since. */
  seek(then: readonly KeyedMessage[], lastIdThen: number): void {
    const isLater = ({ message }: KeyedMessage): boolean => Number(message.messageId) > lastIdThen;
    const known = [...(this.#acknowledged ?? []), ...this.unacknowledged()];
    // A duplicate of what was acknowledged may stand in both.
    const later = new Map(known.filter(isLater).map((each) => [each.message.messageId, each]));
    this.#acknowledged = this.#acknowledged?.filter((each) => !isLater(each));
    this.purge();
    const inOrder = [...later.values()].sort(
      (a, b) => Number(a.message.messageId) - Number(b.message.messageId),
    );
    for (const { key, message } of [...then, ...inOrder]) this.add(key, message);
  }

  #sendAlone(message: SourceMessage): void {
    const faults = this.#faults;
    const afterMs = faults.happens("delivery reordered") ? faults.below(1_500) : this.#delayMs();
    this.#alone.set(message.messageId, message);
    this.#send(message, afterMs, () => {
      this.#alone.delete(message.messageId);
      this.#acknowledged?.push({ key: "", message });
      if (faults.happens("delivery duplicate")) this.#sendCopy(message, DUPLICATE_MS);
    });
  }

  #advance(key: string, lane: Lane): void {
    const message = lane.messages[lane.next];
    if (lane.isOut || message === undefined) return;
    lane.isOut = true;
    this.#send(message, this.#delayMs(), () => {
      lane.isOut = false;
      lane.next++;
      this.#acknowledged?.push({ key, message });
      if (this.#faults.happens("delivery duplicate")) {
        lane.next -= Math.min(lane.next, 1 + this.#faults.below(3));
      }
      this.#advance(key, lane);
    });
  }

  /** Sends a message until it is acknowledged, or given up by a purge. */
  #send(message: SourceMessage, afterMs: number, acknowledged: () => void): void {
    const epoch = this.#epoch;
    const scheduler = this.#scheduler;
    const who = `${this.#topic} ${message.messageId}`;
    const goOut = (): void => {
      if (epoch !== this.#epoch) return;
      if (this.isStopped) {
        this.#held.push({ epoch, go: () => void scheduler.park(who, "goes out", 0, goOut) });
      } else if (this.#faults.happens("delivery refused")) {
        again("refused on its way", RETRY_MS);
      } else {
        this.#push(message, again, () => {
          if (epoch === this.#epoch) acknowledged();
        });
      }
    };
    const again = (reason: string, afterMsAgain: number): void => {
      scheduler.note(`${who} comes again: ${reason}`);
      scheduler.park(who, "goes out", afterMsAgain, goOut);
    };
    scheduler.park(who, "goes out", afterMs, goOut);
  }

  /** One push, until its answer or its deadline. */
  #push(
    message: SourceMessage,
    again: (reason: string, afterMs: number) => void,
    acknowledged: () => void,
  ): void {
    const scheduler = this.#scheduler;
    const faults = this.#faults;
    const who = `${this.#topic} ${message.messageId}`;
    scheduler.note(`${who} goes out`);
    this.outstanding++;
    const answered = (): void => {
      deadline.isCancelled = true;
      this.outstanding--;
    };
    const deadline = scheduler.park(who, "deadline", DEADLINE_MS, () => {
      answered();
      again("deadline", 0);
    });
    if (faults.happens("delivery overlapping")) this.#sendCopy(message, 300);
    this.#give(message).then(
      () => {
        if (deadline.isCancelled || faults.happens("acknowledgement lost")) return;
        answered();
        acknowledged();
      },
      () => {
        if (deadline.isCancelled) return;
        answered();
        again("refused", RETRY_MS);
      },
    );
  }

  /** Sends a message once more, whatever comes of it. */
  #sendCopy(message: SourceMessage, withinMs: number): void {
    const scheduler = this.#scheduler;
    const who = `${this.#topic} ${message.messageId}`;
    const goOut = (): void => {
      if (this.isStopped) {
        this.#held.push({ epoch: undefined, go: goOut });
        return;
      }
      scheduler.note(`${who} goes out once more`);
      this.#give(message).catch(() => {}); // The first one counts.
    };
    scheduler.park(who, "goes out once more", this.#faults.below(withinMs), goOut);
  }

  #delayMs(): number {
    return this.#faults.happens("delivery delayed") ? this.#faults.below(3_000) : 0;
  }
}
