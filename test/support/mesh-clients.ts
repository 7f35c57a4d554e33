/**
 * Mesh clients: Google's ordinary clients, pointed at a local mesh as any program would do it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Firestore } from "@google-cloud/firestore";
import { type Message, PubSub, type Subscription } from "@google-cloud/pubsub";

const BATCH = { maxMessages: 500, maxMilliseconds: 5 };
const OUTSTANDING_MAX = 2_000;
const POLL_MS = 50;
/** So long nothing may follow after the last message that is waited for. */
const QUIET_MS = 500;

/** A message as a test reads it. */
export interface Taken {
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Clients of one local mesh. */
export class MeshClients {
  readonly #pubsub: PubSub;
  readonly #firestore: Firestore;
  readonly #collectors: Collector[] = [];

  constructor(variables: Readonly<Record<string, string>>) {
    const before = { ...process.env };
    const projectId = variables["GOOGLE_CLOUD_PROJECT"] ?? "";
    // Both clients read the emulators' addresses when they are made, and only then.
    Object.assign(process.env, variables);
    try {
      this.#pubsub = new PubSub({ projectId });
      this.#firestore = new Firestore({ projectId });
    } finally {
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  }

  async publish(name: string, values: readonly unknown[]): Promise<void> {
    const topic = this.#pubsub.topic(name, { batching: BATCH });
    for (let from = 0; from < values.length; from += OUTSTANDING_MAX) {
      const part = values.slice(from, from + OUTSTANDING_MAX);
      const sent = part.map((value) => topic.publishMessage({ data: dataOf(value) }));
      await topic.flush();
      await Promise.all(sent);
    }
  }

  async collect(topic: string): Promise<Collector> {
    const [subscription] = await this.#pubsub.topic(topic).createSubscription(`e2e-${topic}`);
    const collector = new Collector(topic, subscription);
    this.#collectors.push(collector);
    return collector;
  }

  async documents(collection: string): Promise<Map<string, Record<string, unknown>>> {
    const { docs } = await this.#firestore.collection(collection).get();
    return new Map(docs.map((each) => [each.id, each.data()]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#collectors.map((each) => each.close()));
    await Promise.all([this.#pubsub.close(), this.#firestore.terminate()]);
  }
}

/** The messages of one topic, from the making of its subscription on. */
export class Collector {
  /** By the id that is the same for a duplicate. */
  readonly #taken = new Map<string, Taken>();
  /** Messages that came again: a sink may send twice, with one id. */
  duplicates = 0;
  /** In words: messages that have no id of the mesh, or have another's id and not its bytes. */
  readonly strays: string[] = [];
  readonly #topic: string;
  readonly #subscription: Subscription;
  #error: unknown;

  constructor(topic: string, subscription: Subscription) {
    this.#topic = topic;
    this.#subscription = subscription;
    subscription.on("error", (error) => {
      this.#error = error;
    });
    subscription.on("message", (message) => this.#take(message));
  }

  /** The different messages that were taken so far. */
  all(): readonly Taken[] {
    return [...this.#taken.values()];
  }

  get count(): number {
    return this.#taken.size;
  }

  /**
   * Waits for so many different messages, then a little for more of them.
   *
   * @throws Error if fewer come before the deadline
   */
  async take(count: number, deadlineMs: number): Promise<readonly Taken[]> {
    const endMs = Date.now() + deadlineMs;
    while (this.#taken.size < count) {
      if (this.#error !== undefined) throw this.#error;
      if (Date.now() > endMs) {
        throw new Error(`${this.#topic}: ${this.#taken.size} messages, not ${count}.`);
      }
      await sleep(POLL_MS);
    }
    for (let seen = -1; seen !== this.#taken.size; ) {
      seen = this.#taken.size;
      await sleep(QUIET_MS);
    }
    return [...this.#taken.values()];
  }

  /** As `take`, the JSON values. */
  async takeJson<T>(count: number, deadlineMs: number): Promise<readonly T[]> {
    return (await this.take(count, deadlineMs)).map(({ text }) => JSON.parse(text) as T);
  }

  async close(): Promise<void> {
    await this.#subscription.close();
  }

  #take(message: Message): void {
    const ownId = message.attributes["tidemark-id"];
    const id = ownId ?? message.id;
    const text = message.data.toString();
    const before = this.#taken.get(id);
    if (ownId === undefined) this.strays.push(`message ${message.id} has no tidemark-id`);
    if (before !== undefined) this.duplicates++;
    if (before !== undefined && before.text !== text) this.strays.push(`${id} has other bytes`);
    this.#taken.set(id, { text, attributes: message.attributes });
    message.ack();
  }
}

function dataOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
}
