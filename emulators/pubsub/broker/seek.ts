/**
 * Seek: moving a subscription to a time or to a snapshot.
 *
 * Owns: which messages are acknowledged and which come back. Does not own: snapshots' names
 * (broker.ts), delivering (subscription.ts).
 *
 * K1. After a seek to time T, everything published before T is acknowledged, and everything since
 *     that is still retained is not.
 * K2. After a seek to a snapshot, what was unacknowledged when it was taken is so again, and so is
 *     everything published since.
 * K3. A message that is unacknowledged before and after is left alone, also while it is outstanding.
 */
import { snapshotLifeMs } from "../limits.ts";
import type { Journal } from "./journal.ts";
import type { StoredMessage } from "./message.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

/** What a subscription had not acknowledged at a moment. */
export interface Snapshot {
  readonly name: string;
  readonly topic: Topic;
  readonly labels: Readonly<Record<string, string>>;
  readonly takenAtMs: number;
  readonly expireTimeMs: number;
  readonly unacknowledged: ReadonlyMap<string, StoredMessage>;
  /** Retained messages that were acknowledged when it was taken. */
  readonly acknowledged: ReadonlySet<string>;
}

/** Takes a snapshot. Its life is 7 days, less the age of the oldest message in it. */
export function takeSnapshot(options: {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly topic: Topic;
  readonly subscription: Subscription;
  readonly nowMs: number;
}): Snapshot {
  const { subscription, topic, nowMs } = options;
  const unacknowledged = new Map<string, StoredMessage>();
  for (const message of subscription.unacknowledged()) unacknowledged.set(message.id, message);
  const acknowledged = new Set<string>();
  for (const { id } of topic.retained()) if (!unacknowledged.has(id)) acknowledged.add(id);
  return {
    name: options.name,
    labels: options.labels,
    topic,
    takenAtMs: nowMs,
    expireTimeMs: nowMs + snapshotLifeMs - subscription.backlog().oldestUnackedAgeMs,
    unacknowledged,
    acknowledged,
  };
}

/** Moves a subscription to a time (K1). */
export function seekToTime(options: {
  readonly subscription: Subscription;
  readonly topic: Topic;
  readonly timeMs: number;
  readonly nowMs: number;
  readonly journal: Journal;
}): void {
  const { subscription, topic, timeMs, nowMs, journal } = options;
  dropWhere(subscription, (message) => message.publishTimeMs < timeMs);
  const sinceMs = Math.max(timeMs, replayableSinceMs(subscription, topic, nowMs));
  restore(subscription, journal, topic.retained(), (message) => message.publishTimeMs >= sinceMs);
  subscription.pump();
}

/** Moves a subscription to a snapshot (K2). */
export function seekToSnapshot(options: {
  readonly subscription: Subscription;
  readonly snapshot: Snapshot;
  readonly journal: Journal;
}): void {
  const { subscription, snapshot, journal } = options;
  const { unacknowledged, acknowledged, topic, takenAtMs } = snapshot;
  const isOld = ({ id, publishTimeMs }: StoredMessage): boolean =>
    acknowledged.has(id) || publishTimeMs < takenAtMs;
  dropWhere(subscription, (message) => isOld(message) && !unacknowledged.has(message.id));
  restore(subscription, journal, unacknowledged.values(), () => true);
  restore(subscription, journal, topic.retained(), (message) => !isOld(message));
  subscription.pump();
}

function replayableSinceMs(subscription: Subscription, topic: Topic, nowMs: number): number {
  const { isRetainingAcked, retentionMs } = subscription.settings;
  const keepMs = Math.max(isRetainingAcked ? retentionMs : 0, topic.retentionMs ?? 0);
  return keepMs === 0 ? Number.POSITIVE_INFINITY : nowMs - keepMs;
}

function dropWhere(subscription: Subscription, isGone: (message: StoredMessage) => boolean): void {
  const gone = [...subscription.unacknowledged()].filter(isGone);
  for (const { id } of gone) subscription.drop(id);
}

function restore(
  subscription: Subscription,
  journal: Journal,
  messages: Iterable<StoredMessage>,
  isWanted: (message: StoredMessage) => boolean,
): void {
  for (const message of messages) {
    if (subscription.has(message.id) || !isWanted(message)) continue;
    if (subscription.add(message)) journal.message(message, [subscription.name]);
  }
  subscription.sort();
  journal.commit();
}
