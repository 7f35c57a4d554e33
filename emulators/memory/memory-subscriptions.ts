/**
 * Memory subscriptions: the Subscriptions port on memory mailboxes.
 *
 * Owns: snapshots by id. A subscription that is not there is ERR_UNAVAILABLE, as on Pub/Sub.
 */
import type { Subscriptions } from "../../functions/ports.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { MemoryMailboxes } from "./memory-mailboxes.ts";
import type { KeyedMessage, MemorySubscription } from "./memory-subscription.ts";

interface Snapshot {
  readonly name: string;
  readonly messages: readonly KeyedMessage[];
  readonly lastId: number;
}

const STOPPED = "{}";
const PUSHING = '{"pushEndpoint":"memory"}';

/** The Subscriptions port on memory mailboxes. */
export class MemorySubscriptions implements Subscriptions {
  readonly #mailboxes: MemoryMailboxes;
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(mailboxes: MemoryMailboxes) {
    this.#mailboxes = mailboxes;
  }

  async missing(names: readonly string[]): Promise<readonly string[]> {
    return names.filter((name) => this.#mailboxes.subscription(name) === undefined);
  }

  async configs(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    // Deliveries are calls: there is nothing to say of where they go, but whether they do.
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

  async outstanding(names: readonly string[]): Promise<number> {
    return names.reduce((sum, name) => sum + this.#get(name).outstanding, 0);
  }

  async purge(names: readonly string[]): Promise<void> {
    for (const name of names) this.#mailboxes.subscription(name)?.purge();
  }

  async snapshot(name: string, id: string): Promise<void> {
    const messages = this.#get(name).unacknowledged();
    if (this.#snapshots.has(id)) return;
    this.#snapshots.set(id, { name, messages, lastId: this.#mailboxes.lastId });
    this.#get(name).keep(true);
  }

  async seek(name: string, id: string): Promise<void> {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw unknown(`snapshot ${id}`);
    this.#get(name).seek(snapshot.messages, snapshot.lastId);
  }

  async deleteSnapshot(id: string): Promise<void> {
    const name = this.#snapshots.get(id)?.name;
    this.#snapshots.delete(id);
    const names = [...this.#snapshots.values()].map((snapshot) => snapshot.name);
    if (name !== undefined && !names.includes(name)) this.#get(name).keep(false);
  }

  #get(name: string): MemorySubscription {
    const subscription = this.#mailboxes.subscription(name);
    if (subscription === undefined) throw unknown(`subscription ${name}`);
    return subscription;
  }
}

function unknown(what: string): MeshError {
  return new MeshError("ERR_UNAVAILABLE", `There is no ${what}.`);
}
