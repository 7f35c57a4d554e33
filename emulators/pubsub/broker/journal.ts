/**
 * What the broker tells whoever keeps its state over a restart.
 *
 * Owns: the face. Does not own: files (persistence.ts).
 */
import type { SubscriptionConfig, TopicConfig } from "../wire.ts";
import type { StoredMessage } from "./message.ts";

/** A keeper of topics, subscriptions and unacknowledged messages. */
export interface Journal {
  topic(config: TopicConfig): void;
  topicDeleted(name: string): void;
  subscription(config: SubscriptionConfig): void;
  subscriptionDeleted(name: string): void;
  /** A message is now unacknowledged in these subscriptions. */
  message(message: StoredMessage, subscriptions: readonly string[]): void;
  acknowledged(subscription: string, messageId: string): void;
  /** Everything told so far, acknowledgements excepted, is safe when this returns. */
  commit(): void;
}

/** A journal that keeps nothing. */
export const noJournal: Journal = {
  topic() {},
  topicDeleted() {},
  subscription() {},
  subscriptionDeleted() {},
  message() {},
  acknowledged() {},
  commit() {},
};
