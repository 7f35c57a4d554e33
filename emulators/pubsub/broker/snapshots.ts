/**
 * Snapshots by name, and seeking.
 *
 * Owns: which snapshots exist and how long. Does not own: what a seek does to messages (seek.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Timers } from "../../timers.ts";
import { alreadyExists, deletedTopicName, notFound, parseResourceName } from "../names.ts";
import { fromMs, type SnapshotConfig } from "../wire.ts";
import type { Journal } from "./journal.ts";
import { type Snapshot, seekToSnapshot, seekToTime, takeSnapshot } from "./seek.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

/** All snapshots of a broker; those past their time are gone. */
export class Snapshots {
  readonly #timers: Timers;
  readonly #journal: Journal;
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(timers: Timers, journal: Journal) {
    this.#timers = timers;
    this.#journal = journal;
  }

  create(options: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly subscription: Subscription;
    readonly topic: Topic;
  }): SnapshotConfig {
    const { name } = options;
    parseResourceName("snapshots", name);
    this.#expire();
    if (this.#snapshots.has(name)) throw alreadyExists(name);
    const snapshot = takeSnapshot({ ...options, nowMs: this.#timers.nowMs() });
    this.#snapshots.set(name, snapshot);
    options.topic.snapshots.add(name);
    return toConfig(snapshot);
  }

  get(name: string): SnapshotConfig {
    return toConfig(this.#get(name));
  }

  all(): SnapshotConfig[] {
    this.#expire();
    return [...this.#snapshots.values()].map(toConfig);
  }

  delete(name: string): void {
    const snapshot = this.#get(name);
    this.#snapshots.delete(name);
    snapshot.topic.snapshots.delete(name);
  }

  seek(subscription: Subscription, topic: Topic, target: number | string): void {
    const journal = this.#journal;
    if (typeof target === "number") {
      const nowMs = this.#timers.nowMs();
      seekToTime({ subscription, topic, timeMs: target, nowMs, journal });
      return;
    }
    const snapshot = this.#get(target);
    if (snapshot.topic !== topic) {
      throw new StatusError(
        status.INVALID_ARGUMENT,
        `The snapshot is of another topic (snapshot=${target}).`,
      );
    }
    seekToSnapshot({ subscription, snapshot, journal });
  }

  #get(name: string): Snapshot {
    this.#expire();
    const snapshot = this.#snapshots.get(name);
    if (snapshot !== undefined) return snapshot;
    parseResourceName("snapshots", name);
    throw notFound(name);
  }

  #expire(): void {
    const nowMs = this.#timers.nowMs();
    for (const { name, expireTimeMs, topic } of this.#snapshots.values()) {
      if (expireTimeMs > nowMs) continue;
      this.#snapshots.delete(name);
      topic.snapshots.delete(name);
    }
  }
}

function toConfig(snapshot: Snapshot): SnapshotConfig {
  const { name, labels, topic, expireTimeMs } = snapshot;
  return {
    name,
    labels,
    topic: topic.isDeleted ? deletedTopicName : topic.name,
    expireTime: fromMs(expireTimeMs),
  };
}
