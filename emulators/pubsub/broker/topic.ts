/**
 * A topic: its subscriptions, and the messages kept for replay.
 *
 * Owns: fan-out to the subscriptions, the retained messages. Does not own: acknowledgements.
 *
 * T1. A published message is added to all subscriptions before any of them is pumped, so that no
 *     consumer sees a message whose publishing is half done.
 * T2. Messages are retained only while somebody could replay them: the topic's own retention, a
 *     subscription that retains acknowledged messages, or a snapshot.
 */
import { Fifo } from "../fifo.ts";
import { retentionSecondsMax } from "../limits.ts";
import type { TopicConfig } from "../wire.ts";
import type { Journal } from "./journal.ts";
import type { StoredMessage } from "./message.ts";
import { readRetentionMs } from "./settings.ts";
import type { Subscription } from "./subscription.ts";

/** One topic. */
export class Topic {
  readonly subscriptions: Set<Subscription> = new Set();
  /** Names of the snapshots of this topic's subscriptions. */
  readonly snapshots: Set<string> = new Set();
  readonly #retained = new Fifo<StoredMessage>();
  #config: TopicConfig;
  #retentionMs: number | undefined;
  #isDeleted = false;

  constructor(config: TopicConfig) {
    this.#config = config;
    this.#retentionMs = readRetentionMs(config.messageRetentionDuration);
  }

  get name(): string {
    return this.#config.name;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  /** The topic's own retention in ms, if it has one. */
  get retentionMs(): number | undefined {
    return this.#retentionMs;
  }

  /** A deleted topic lives on for what its subscriptions can still replay. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  delete(): void {
    this.#isDeleted = true;
  }

  reconfigure(config: TopicConfig): void {
    this.#retentionMs = readRetentionMs(config.messageRetentionDuration);
    this.#config = config;
  }

  publish(messages: readonly StoredMessage[], journal: Journal, nowMs: number): void {
    for (const message of messages) {
      const added: string[] = [];
      for (const subscription of this.subscriptions) {
        if (subscription.add(message)) added.push(subscription.name);
      }
      if (added.length > 0) journal.message(message, added);
    }
    journal.commit();
    this.#retain(messages, nowMs);
    for (const subscription of this.subscriptions) subscription.pump();
  }

  /** Messages that are still retained, oldest first. */
  *retained(): IterableIterator<StoredMessage> {
    yield* this.#retained;
  }

  #retain(messages: readonly StoredMessage[], nowMs: number): void {
    const keepMs = this.#keepMs();
    if (keepMs === 0) {
      if (this.#retained.length > 0) this.#retained.clear();
      return;
    }
    for (const message of messages) this.#retained.push(message);
    while ((this.#retained.peek()?.publishTimeMs ?? nowMs) < nowMs - keepMs) {
      this.#retained.shift();
    }
  }

  /** T2, in ms. */
  #keepMs(): number {
    if (this.snapshots.size > 0) return retentionSecondsMax * 1000;
    let keepMs = this.#retentionMs ?? 0;
    for (const { settings } of this.subscriptions) {
      if (settings.isRetainingAcked) keepMs = Math.max(keepMs, settings.retentionMs);
    }
    return keepMs;
  }
}
