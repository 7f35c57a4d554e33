/**
 * Rights mesh: the pipeline of pipelines/rights.ts on a local stack, and work that needs its rights.
 *
 * Owns: sending a piece of work, and whether it is done. Does not own: whose right it needs
 * (e2e/rights.test.ts).
 *
 * What is done is seen from outside: what lies in subscriptions, and that nothing is on its way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { PubSub } from "@google-cloud/pubsub";
import type { LogLine } from "../../emulators/function-host.ts";
import type { LocalStack } from "../../emulators/pulumi/local-stack.ts";
import { feedsOf } from "../../infra/feeds.ts";
import { queueName, undeliveredName } from "../../infra/names.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { Collector, MeshClients } from "./mesh-clients.ts";
import pipeline, { type Order } from "./pipelines/rights.ts";
import { PROJECT, withStandingStack } from "./standing-stack.ts";

/** What is asked of the mesh: a total; or a dead letter; or more keys than one activation fires. */
export type Work = "total" | "letter before the shuffle" | "letter behind it" | "many keys";

/** What came out of the mesh; of messages that a sink sends again one counts. */
interface Outputs {
  readonly seen: Collector;
  readonly totals: Collector;
  readonly letters: Collector;
  /** What Pub/Sub set aside because no function took it. */
  readonly undelivered: Collector;
}

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const POLL_MS = 20;
/** More than `firingsMax`. */
const MANY = 600;
/** The most that Pub/Sub counts to. */
export const ATTEMPTS_MAX = 100;
/** So soon a push comes again: failures are what this mesh is for. */
const AGAIN = { seconds: 0, nanos: 100_000_000 } as const;

const plan: MeshPlan = compile(pipeline, { shards: 1 });

/** A mesh that stands. */
export class RightsMesh {
  readonly plan: MeshPlan = plan;
  readonly stack: LocalStack;
  readonly outputs: Outputs;
  /** What functions have logged. */
  readonly log: readonly LogLine[];
  readonly #clients: MeshClients;
  readonly #pubsub: PubSub;
  #minutes = 0;

  private constructor(
    stack: LocalStack,
    clients: MeshClients,
    outputs: Outputs,
    log: readonly LogLine[],
  ) {
    this.stack = stack;
    this.#pubsub = stack.cloud.world.pubsubClient;
    this.#clients = clients;
    this.outputs = outputs;
    this.log = log;
  }

  /** @throws Error if the program fails */
  static start(): Promise<RightsMesh> {
    return withStandingStack("rights-stack", async ({ stack, clients, log }) => {
      const [seen, totals, letters, undelivered] = await Promise.all([
        clients.collect("orders-seen"),
        clients.collect("totals"),
        clients.collect(plan.deadLetterTopic),
        clients.collect(undeliveredName(plan.pipeline)),
      ]);
      const outputs = { seen, totals, letters, undelivered };
      const mesh = new RightsMesh(stack, clients, outputs, log);
      for (const name of mesh.feeds) await mesh.setAttempts(name, ATTEMPTS_MAX);
      return mesh;
    });
  }

  /** Subscriptions that push to the functions. */
  get feeds(): readonly string[] {
    return feedsOf(this.plan).map(({ name }) => name);
  }

  /** How often a subscription pushes a message before it sets it aside. */
  async setAttempts(subscription: string, maxDeliveryAttempts: number): Promise<void> {
    const deadLetterTopic = `projects/${PROJECT}/topics/${undeliveredName(plan.pipeline)}`;
    await this.#pubsub.subscription(subscription).setMetadata({
      retryPolicy: { minimumBackoff: AGAIN, maximumBackoff: AGAIN },
      deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts },
    });
  }

  /** Whether nothing is on its way: neither a message, nor a call of the tracker. */
  get isQuiet(): boolean {
    const queue = `projects/${PROJECT}/locations/europe-west1/queues/${queueName(plan.pipeline)}`;
    const { tasks } = this.stack.cloud.world;
    return tasks.pending(queue) === 0 && this.feeds.every((name) => this.#waiting(name) === 0);
  }

  /** Sends a piece of work, and resolves when it is done and the mesh is at rest again. */
  async work(name: string, kind: Work, signal: AbortSignal): Promise<void> {
    const { seen, totals, letters } = this.outputs;
    const given = kind.startsWith("letter") ? letters : totals;
    const [seenBefore, givenBefore] = [seen.count, given.count];
    const time = START_MS + this.#minutes * MINUTE_MS;
    this.#minutes += 2;
    await this.#order({ name, time, ...orderOf(kind) });
    // What ends the window comes after what is in it, however often that comes again.
    await this.until(() => this.#sources.every((source) => this.#waiting(source) === 0), signal);
    await this.#order({ name: "", time: time + MINUTE_MS, lines: 1 });
    await this.until(() => {
      return seen.count > seenBefore && given.count > givenBefore && this.isQuiet;
    }, signal);
  }

  /** Moves the watermark: what the tracker could not tell it tells now, and not in ten seconds. */
  async advance(): Promise<void> {
    await this.#order({ name: "", time: START_MS + this.#minutes++ * MINUTE_MS, lines: 1 });
  }

  /** Publishes what no function is to take, by the subscription that it comes by. */
  async publishInVain(feed: string): Promise<void> {
    const { topic } = feedsOf(this.plan).find(({ name }) => name === feed) ?? {};
    const name = topic?.kind === "external" ? topic.name : feed;
    const message = { data: Buffer.from("in vain"), orderingKey: "0" };
    await this.#pubsub.topic(name, { messageOrdering: true }).publishMessage(message);
  }

  /** Resolves when something holds. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds()) await sleep(POLL_MS, undefined, { signal });
  }

  async stop(): Promise<void> {
    await this.#clients.close();
    await this.stack.stop();
  }

  get #sources(): readonly string[] {
    return plan.stages.flatMap(({ ingest }) => ingest?.subscription ?? []);
  }

  #waiting(subscription: string): number {
    const name = `projects/${PROJECT}/subscriptions/${subscription}`;
    const { undelivered = 0, outstanding = 0 } = this.stack.cloud.world.pubsub?.backlog(name) ?? {};
    return undelivered + outstanding;
  }

  async #order(order: Order): Promise<void> {
    await this.#pubsub.topic("orders").publishMessage({ json: order });
  }
}

function orderOf(kind: Work): Pick<Order, "lines" | "fails"> {
  switch (kind) {
    case "total":
      return { lines: 1 };
    case "many keys":
      return { lines: MANY };
    case "letter before the shuffle":
      return { lines: 1, fails: "before the shuffle" };
    case "letter behind it":
      return { lines: 1, fails: "behind it" };
  }
}
