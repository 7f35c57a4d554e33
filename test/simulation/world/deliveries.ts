/**
 * Deliveries: topics, their push subscriptions, and the port by which the control of a job stops and
 * starts those.
 *
 * Owns: which subscription takes a topic's messages, ids, and snapshots of subscriptions. Does not
 * own: pushes (subscription.ts), and faults of these calls (instance-ports.ts, control-ports.ts).
 */
import type { Mailboxes, OutgoingMessage, Subscriptions } from "../../../functions/ports.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import { MeshError } from "../../../sdk/model/errors.ts";
import type { Faults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Give, type KeyedMessage, Subscription } from "./subscription.ts";

interface Snapshot {
  readonly name: string;
  readonly messages: readonly KeyedMessage[];
  readonly lastId: number;
}

const STOPPED = "{}";
const PUSHING = '{"pushEndpoint":"simulated"}';

/** Topics and push subscriptions. */
export class Deliveries implements Mailboxes, Subscriptions {
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #byTopic = new Map<string, Subscription>();
  readonly #byName = new Map<string, Subscription>();
  /** Topics that a deploy has removed. */
  readonly #gone = new Set<string>();
  /** Topics that a deploy has made, and not their subscriptions yet: what is published is lost. */
  readonly #unheard = new Set<string>();
  readonly #kept = new Map<string, SourceMessage[]>();
  readonly #snapshots = new Map<string, Snapshot>();
  /** Pub/Sub does not tell what is out, the embedded one does: a seed's world is one or the other. */
  readonly #tellsOutstanding: boolean;
  #nextId = 1;

  constructor(scheduler: Scheduler, faults: Faults, tellsOutstanding: boolean) {
    this.#scheduler = scheduler;
    this.#faults = faults;
    this.#tellsOutstanding = tellsOutstanding;
  }

  /** Makes a subscription that pushes; one that is there stays, and pushes again. */
  subscribe(topic: string, name: string, give: Give): void {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      known.start();
      return;
    }
    this.#gone.delete(topic);
    this.#unheard.delete(topic);
    const subscription = new Subscription(topic, give, this.#scheduler, this.#faults);
    this.#byTopic.set(topic, subscription);
    this.#byName.set(name, subscription);
  }

  /** Makes a topic that is to have a subscription. */
  create(topic: string): void {
    if (this.#byTopic.has(topic)) return;
    this.#gone.delete(topic);
    this.#unheard.add(topic);
  }

  /** Removes a subscription with its topic, and all that waits there. */
  remove({ topic, name }: { readonly topic: string; readonly name: string }): void {
    this.#byName.get(name)?.purge();
    this.#byName.delete(name);
    this.#byTopic.delete(topic);
    this.#gone.add(topic);
  }

  /** Messages of a topic that nobody takes from. */
  kept(topic: string): readonly SourceMessage[] {
    return this.#kept.get(topic) ?? [];
  }

  /** How many messages of a topic nobody has acknowledged. */
  backlog(topic: string): number {
    return this.#byTopic.get(topic)?.backlog ?? 0;
  }

  /** Messages of a topic that nobody has acknowledged. */
  unacknowledged(topic: string): SourceMessage[] {
    const open = this.#byTopic.get(topic)?.unacknowledged() ?? [];
    return open.map(({ message }) => message);
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    for (const { topic, orderingKey, data, attributes } of messages) {
      if (this.#gone.has(topic)) throw new MeshError("ERR_SINK", `There is no topic ${topic}.`);
      const publishTime = new Date(this.#scheduler.nowMs).toISOString();
      const message = { data, attributes, messageId: String(this.#nextId++), publishTime };
      if (this.#unheard.has(topic)) continue;
      const subscription = this.#byTopic.get(topic);
      if (subscription === undefined) this.#keep(topic, message);
      else subscription.add(orderingKey, message);
    }
  }

  async missing(names: readonly string[]): Promise<readonly string[]> {
    return names.filter((name) => !this.#byName.has(name));
  }

  async configs(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const textOf = (name: string): string => (this.#get(name).isStopped ? STOPPED : PUSHING);
    return Object.fromEntries(names.map((name) => [name, textOf(name)]));
  }

  async stop(names: readonly string[]): Promise<void> {
    for (const name of names) this.#get(name).stop();
  }

  async start(configs: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(configs)) {
      if (text === STOPPED) this.#get(name).stop();
      else this.#get(name).start();
    }
  }

  async outstanding(names: readonly string[]): Promise<number | undefined> {
    if (!this.#tellsOutstanding) return undefined;
    return names.reduce((sum, name) => sum + this.#get(name).outstanding, 0);
  }

  async purge(names: readonly string[]): Promise<void> {
    for (const name of names) this.#get(name).purge();
  }

  async snapshot(name: string, id: string): Promise<void> {
    if (this.#snapshots.has(id)) return;
    const messages = this.#get(name).unacknowledged();
    this.#snapshots.set(id, { name, messages, lastId: this.#nextId - 1 });
    this.#get(name).keep(true);
  }

  async seek(name: string, id: string): Promise<void> {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw new Error(`There is no snapshot ${id}.`);
    this.#get(name).seek(snapshot.messages, snapshot.lastId);
  }

  async deleteSnapshot(id: string): Promise<void> {
    const name = this.#snapshots.get(id)?.name;
    this.#snapshots.delete(id);
    const isLast = ![...this.#snapshots.values()].some((snapshot) => snapshot.name === name);
    if (name !== undefined && isLast) this.#get(name).keep(false);
  }

  #keep(topic: string, message: SourceMessage): void {
    const kept = this.#kept.get(topic) ?? [];
    kept.push(message);
    this.#kept.set(topic, kept);
  }

  #get(name: string): Subscription {
    const subscription = this.#byName.get(name);
    if (subscription === undefined) throw new Error(`There is no subscription ${name}.`);
    return subscription;
  }
}
