/**
 * Pub/Sub subscriptions: the Subscriptions port on Pub/Sub.
 *
 * Owns: the calls. A push subscription that is to stand still gets an empty push configuration: it is
 * a pull subscription then, from which nobody pulls, so that its messages wait.
 *
 * No stage needs the client, so it is made with the first call.
 */
import { v1 } from "@google-cloud/pubsub";
import type { Subscriptions } from "../ports.ts";
import { isCode, unavailable } from "./grpc-errors.ts";
import { clientOptions } from "./pubsub-mailboxes.ts";

type Client = InstanceType<typeof v1.SubscriberClient>;

type Time = { readonly seconds: number; readonly nanos: number };

/** The topic of a subscription whose topic was deleted, also where there is one of its name again. */
const DELETED_TOPIC = "_deleted-topic_";

/** Messages of one pull. */
const PULL_MAX = 1_000;

/** The Subscriptions port on Pub/Sub. */
export class PubsubSubscriptions implements Subscriptions {
  readonly #project: string;
  readonly #emulatorHost: string | undefined;
  #client: Client | undefined;

  /** @param emulatorHost - `host:port` of an emulator; undefined in the cloud */
  constructor(project: string, emulatorHost: string | undefined) {
    this.#project = project;
    this.#emulatorHost = emulatorHost;
  }

  async missing(names: readonly string[]): Promise<readonly string[]> {
    const isThere = await Promise.all(
      names.map((name) => this.#call(`read subscription ${name}`, (c) => this.#isThere(c, name))),
    );
    return names.filter((_, i) => isThere[i] !== true);
  }

  async #isThere(client: Client, name: string): Promise<boolean> {
    try {
      const [{ topic }] = await client.getSubscription({ subscription: this.#path(name) });
      return topic !== DELETED_TOPIC;
    } catch (error) {
      if (isCode(error, "NOT_FOUND")) return false;
      throw error;
    }
  }

  async configs(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const entries = names.map((name) =>
      this.#call(`read subscription ${name}`, async (client) => {
        const [{ pushConfig }] = await client.getSubscription({ subscription: this.#path(name) });
        return [name, JSON.stringify(pushConfig ?? {})] as const;
      }),
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async stop(names: readonly string[]): Promise<void> {
    await this.start(Object.fromEntries(names.map((name) => [name, "{}"])));
  }

  async start(configs: Readonly<Record<string, string>>): Promise<void> {
    const calls = Object.entries(configs).map(([name, text]) =>
      this.#call(`set where subscription ${name} pushes to`, (client) =>
        client.modifyPushConfig({
          subscription: this.#path(name),
          pushConfig: JSON.parse(text) as Record<string, never>,
        }),
      ),
    );
    await Promise.all(calls);
  }

  /** Pub/Sub tells it in Cloud Monitoring alone, minutes later. */
  async outstanding(): Promise<undefined> {
    return undefined;
  }

  async purge(names: readonly string[]): Promise<void> {
    // What was published in this millisecond is to go too.
    const untilMs = Date.now() + 1;
    const time = { seconds: Math.floor(untilMs / 1000), nanos: (untilMs % 1000) * 1e6 };
    const calls = names.map((name) =>
      this.#call(`purge subscription ${name}`, (client) =>
        this.#purge(client, this.#path(name), time),
      ),
    );
    await Promise.all(calls);
  }

  async #purge(client: Client, subscription: string, time: Time): Promise<void> {
    try {
      await client.seek({ subscription, time });
    } catch (error) {
      if (isCode(error, "NOT_FOUND")) return;
      // Google's emulator knows snapshots alone: there everything is taken, and acknowledged.
      if (!isCode(error, "UNIMPLEMENTED")) throw error;
      for (;;) {
        const [{ receivedMessages }] = await client.pull({
          subscription,
          maxMessages: PULL_MAX,
          returnImmediately: true,
        });
        const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? "");
        if (ackIds.length === 0) return;
        await client.acknowledge({ subscription, ackIds });
      }
    }
  }

  async snapshot(name: string, id: string): Promise<void> {
    await this.#call(`take a snapshot of subscription ${name}`, async (client) => {
      try {
        await client.createSnapshot({ name: this.#snapshot(id), subscription: this.#path(name) });
      } catch (error) {
        if (!isCode(error, "ALREADY_EXISTS")) throw error;
      }
    });
  }

  async seek(name: string, id: string): Promise<void> {
    await this.#call(`take subscription ${name} back to snapshot ${id}`, (client) =>
      client.seek({ subscription: this.#path(name), snapshot: this.#snapshot(id) }),
    );
  }

  async deleteSnapshot(id: string): Promise<void> {
    await this.#call(`delete snapshot ${id}`, async (client) => {
      try {
        await client.deleteSnapshot({ snapshot: this.#snapshot(id) });
      } catch (error) {
        if (!isCode(error, "NOT_FOUND")) throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #call<T>(what: string, call: (client: Client) => Promise<T>): Promise<T> {
    this.#client ??= new v1.SubscriberClient(clientOptions(this.#project, this.#emulatorHost));
    try {
      return await call(this.#client);
    } catch (cause) {
      throw unavailable(what, cause);
    }
  }

  #path(name: string): string {
    return name.startsWith("projects/") ? name : `projects/${this.#project}/subscriptions/${name}`;
  }

  #snapshot(id: string): string {
    return `projects/${this.#project}/snapshots/${id}`;
  }
}
