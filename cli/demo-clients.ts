/**
 * Demo clients: what any program does with a mesh, by Google's ordinary clients.
 *
 * Owns: publishing the flights, and reading documents and messages. Does not own: the mesh.
 */
import { Firestore } from "@google-cloud/firestore";
import { type Message, PubSub, type Subscription } from "@google-cloud/pubsub";
import type { AirportDelay, FlightRecord } from "../examples/flights-oracle.ts";
import { MeshError } from "../sdk/model/errors.ts";

/** Messages that are on their way to Pub/Sub at once. */
const OUTSTANDING_MAX = 2_000;
/** Messages of one publish request at most, and how long it waits for them. */
const BATCH = { maxMessages: 500, maxMilliseconds: 10 };

const SUBSCRIPTION = "demo-worst-airports";

/** The worst airports by day, as messages bring them. */
export type WorstByDay = Map<string, readonly AirportDelay[]>;

/** Clients of one local world. */
export class DemoClients {
  readonly #pubsub: PubSub;
  readonly #firestore: Firestore;
  #subscription: Subscription | undefined;

  /**
   * @param variables - the world's addresses; put into this process's environment
   * @param database - Firestore's id of it
   */
  constructor(variables: Readonly<Record<string, string>>, database = "(default)") {
    Object.assign(process.env, variables);
    this.#pubsub = new PubSub();
    this.#firestore = new Firestore({ databaseId: database });
  }

  /** Makes the subscription, so that it keeps what is published from now on. */
  async subscribe(): Promise<void> {
    const [subscription] = await this.#pubsub
      .topic("worst-airports")
      .createSubscription(SUBSCRIPTION);
    this.#subscription = subscription;
  }

  /** Publishes each flight as one message, in order. */
  async publish(
    flights: readonly FlightRecord[],
    onPublished: (count: number) => void,
  ): Promise<void> {
    const topic = this.#pubsub.topic("flights", { batching: BATCH });
    let published = 0;
    const pending: Promise<void>[] = [];
    for (const flight of flights) {
      pending.push(
        topic.publishMessage({ json: flight }).then(() => {
          onPublished(++published);
        }),
      );
      if (pending.length < OUTSTANDING_MAX) continue;
      await Promise.all(pending.splice(0, OUTSTANDING_MAX / 2));
    }
    await topic.flush();
    await Promise.all(pending);
  }

  /** Reads all documents of `airport-hours`, by id. */
  async hours(): Promise<Map<string, Readonly<Record<string, unknown>>>> {
    const { docs } = await this.#firestore.collection("airport-hours").get();
    return new Map(docs.map((each) => [each.id, each.data()]));
  }

  /**
   * Takes messages of `worst-airports` until there is one for each of `daysMax` days, and takes the
   * subscription away.
   *
   * @returns what came, also where that is less after `timeoutMs`
   */
  async worst(daysMax: number, timeoutMs: number): Promise<WorstByDay> {
    const subscription = this.#subscription;
    if (subscription === undefined) throw new MeshError("ERR_INVARIANT", "Subscribe first.");
    const days: WorstByDay = new Map();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    subscription.on("error", reject);
    subscription.on("message", (message: Message) => {
      const { day, worst } = JSON.parse(message.data.toString()) as {
        readonly day: string;
        readonly worst: readonly AirportDelay[];
      };
      days.set(day, worst);
      message.ack();
      if (days.size >= daysMax) resolve();
    });
    await promise.finally(() => clearTimeout(timer));
    await subscription.close();
    await subscription.delete();
    return days;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#pubsub.close(), this.#firestore.terminate()]);
  }
}
