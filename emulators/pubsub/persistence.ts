/**
 * Topics, subscriptions and unacknowledged messages in a file, over a restart.
 *
 * Owns: the log `pubsub.ndjson` in the folder: one JSON record a line, appended. Does not own: what
 * the records do to the broker (`restoreInto` only calls it).
 *
 * R1. A publish is written before it is answered, an acknowledgement within 50 ms: a crash can bring a
 *     message again, and never lose one.
 * R2. At the start the log is read, written anew without what is over, and put in place by a rename.
 * R3. A torn last line, as a crash leaves it, is ignored. A broken line elsewhere is an error.
 *
 * Not kept: snapshots, acknowledged messages for replay, delivery attempts, message leases. The file
 * is not flushed to the disk: it outlives the process, not the machine.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Broker } from "./broker/broker.ts";
import type { Journal } from "./broker/journal.ts";
import type { StoredMessage } from "./broker/message.ts";
import { deletedTopicName } from "./names.ts";
import type { SubscriptionConfig, TopicConfig } from "./wire.ts";

/** A message as a record holds it. */
interface MessageRecord {
  readonly id: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly publishTimeMs: number;
  readonly messageBytes: number;
}

type LogRecord =
  | { readonly type: "topic"; readonly config: TopicConfig }
  | { readonly type: "topic-deleted"; readonly name: string }
  | { readonly type: "subscription"; readonly config: SubscriptionConfig }
  | { readonly type: "subscription-deleted"; readonly name: string }
  | { readonly type: "message"; readonly message: MessageRecord; readonly to: readonly string[] }
  | { readonly type: "acknowledged"; readonly from: string; readonly ids: readonly string[] };

const logName = "pubsub.ndjson";

// Acknowledgements come one by one; a write each would cost more than the push itself.
const acknowledgedDelayMs = 50;

/** A journal that is a file. */
export class FileJournal implements Journal {
  readonly #folder: string;
  readonly #state = new LogState();
  readonly #acknowledged = new Map<string, string[]>();
  #file: number | undefined;
  #lines: string[] = [];
  #flush: NodeJS.Timeout | undefined;
  /** False until the broker has what the log says: restoring must not write it again. */
  #isRecording = false;

  /** Reads the folder's log, if there is one; the folder is made if it is missing. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, logName);
    if (existsSync(path)) readLog(path, this.#state);
  }

  /** Gives the broker what the log says, and begins to record (R2). */
  restoreInto(broker: Broker): void {
    const lines = [...this.#state.records()].map((record) => `${JSON.stringify(record)}\n`);
    const path = join(this.#folder, logName);
    writeFileSync(`${path}.new`, lines.join(""));
    renameSync(`${path}.new`, path);
    this.#file = openSync(path, "a");
    this.#state.restoreInto(broker);
    this.#isRecording = true;
    this.#state.clear();
  }

  topic(config: TopicConfig): void {
    this.#record({ type: "topic", config });
    this.commit();
  }

  topicDeleted(name: string): void {
    this.#record({ type: "topic-deleted", name });
    this.commit();
  }

  subscription(config: SubscriptionConfig): void {
    this.#record({ type: "subscription", config });
    this.commit();
  }

  subscriptionDeleted(name: string): void {
    this.#record({ type: "subscription-deleted", name });
    this.commit();
  }

  message(message: StoredMessage, subscriptions: readonly string[]): void {
    const { id, attributes, orderingKey, publishTimeMs, messageBytes } = message;
    const data = message.data.toString("base64");
    const kept = { id, data, attributes, orderingKey, publishTimeMs, messageBytes };
    this.#record({ type: "message", message: kept, to: subscriptions });
  }

  acknowledged(subscription: string, messageId: string): void {
    if (!this.#isRecording) return;
    const ids = this.#acknowledged.get(subscription);
    if (ids === undefined) this.#acknowledged.set(subscription, [messageId]);
    else ids.push(messageId);
    this.#flush ??= setTimeout(() => this.commit(), acknowledgedDelayMs).unref();
  }

  commit(): void {
    this.#gatherAcknowledged();
    if (this.#lines.length === 0 || this.#file === undefined) return;
    writeSync(this.#file, this.#lines.join(""));
    this.#lines = [];
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.commit();
    this.#isRecording = false;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #gatherAcknowledged(): void {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    if (this.#acknowledged.size === 0) return;
    for (const [from, ids] of this.#acknowledged) this.#add({ type: "acknowledged", from, ids });
    this.#acknowledged.clear();
  }

  /** Adds a record behind all acknowledgements so far: a message can come back after its own (seek). */
  #record(record: LogRecord): void {
    if (!this.#isRecording) return;
    this.#gatherAcknowledged();
    this.#add(record);
  }

  #add(record: LogRecord): void {
    this.#lines.push(`${JSON.stringify(record)}\n`);
  }
}

function readLog(path: string, state: LogState): void {
  const lines = readFileSync(path, "utf8").split("\n");
  // What follows the last line break is empty, or torn (R3).
  lines.pop();
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    try {
      const record: LogRecord = JSON.parse(line);
      state.apply(record);
    } catch (cause) {
      throw new Error(
        `${path}:${i + 1} is not a record of this log. Delete the file to start empty.`,
        { cause },
      );
    }
  }
}

/** What a log adds up to. */
class LogState {
  readonly #topics = new Map<string, TopicConfig>();
  readonly #subscriptions = new Map<
    string,
    { config: SubscriptionConfig; messages: Map<string, MessageRecord> }
  >();

  apply(record: LogRecord): void {
    switch (record.type) {
      case "topic":
        this.#topics.set(record.config.name, record.config);
        return;
      case "topic-deleted":
        this.#topics.delete(record.name);
        return;
      case "subscription":
        this.#applySubscription(record.config);
        return;
      case "subscription-deleted":
        this.#subscriptions.delete(record.name);
        return;
      case "message":
        for (const name of record.to) {
          this.#subscriptions.get(name)?.messages.set(record.message.id, record.message);
        }
        return;
      case "acknowledged":
        for (const id of record.ids) this.#subscriptions.get(record.from)?.messages.delete(id);
    }
  }

  #applySubscription(config: SubscriptionConfig): void {
    const known = this.#subscriptions.get(config.name);
    if (known !== undefined) known.config = config;
    else this.#subscriptions.set(config.name, { config, messages: new Map() });
  }

  /** The fewest records that add up to the same. */
  *records(): IterableIterator<LogRecord> {
    for (const config of this.#topics.values()) yield { type: "topic", config };
    const to = new Map<string, string[]>();
    const byId = new Map<string, MessageRecord>();
    for (const [name, { config, messages }] of this.#subscriptions) {
      yield { type: "subscription", config };
      for (const message of messages.values()) {
        byId.set(message.id, message);
        to.set(message.id, [...(to.get(message.id) ?? []), name]);
      }
    }
    for (const message of byId.values()) {
      yield { type: "message", message, to: to.get(message.id) ?? [] };
    }
  }

  restoreInto(broker: Broker): void {
    for (const config of this.#topics.values()) broker.createTopic(config);
    const stored = new Map<string, StoredMessage>();
    for (const { config, messages } of this.#subscriptions.values()) {
      const isOrphan = !this.#topics.has(config.topic);
      const kept = isOrphan ? { ...config, topic: deletedTopicName } : config;
      broker.restoreSubscription(
        kept,
        [...messages.values()].map((m) => shared(stored, m)),
      );
    }
  }

  clear(): void {
    this.#topics.clear();
    this.#subscriptions.clear();
  }
}

/** One copy in memory for all subscriptions, as when the message was published. */
function shared(stored: Map<string, StoredMessage>, record: MessageRecord): StoredMessage {
  const known = stored.get(record.id);
  if (known !== undefined) return known;
  const message = { ...record, data: Buffer.from(record.data, "base64"), pushJson: undefined };
  stored.set(record.id, message);
  return message;
}
