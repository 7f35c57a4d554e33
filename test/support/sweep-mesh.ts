/**
 * Sweep mesh: the two pipelines of sweep-stack/ on a local stack, and work that needs all their rights.
 *
 * Owns: sending work through both, and whether it is done. Does not own: rights (rights-sweep.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { PubSub } from "@google-cloud/pubsub";
import type { LogLine } from "../../emulators/function-host.ts";
import type { LocalStack } from "../../emulators/pulumi/local-stack.ts";
import type { Deployment } from "../../functions/deployment.ts";
import { CloudJobs } from "../../infra/cloud-jobs.ts";
import { type Feed, feedsOf } from "../../infra/feeds.ts";
import { undeliveredName } from "../../infra/names.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { Collector, MeshClients } from "./mesh-clients.ts";
import type { Click } from "./pipelines/shared.ts";
import { PROJECT, withStandingStack } from "./standing-stack.ts";

const DATABASE = "sweep";
const POLL_MS = 20;
/** So soon a push comes again: often enough not to be waited for, seldom enough for 100 attempts. */
const AGAIN = { seconds: 0, nanos: 250_000_000 } as const;
const ATTEMPTS = { least: 5, most: 100 } as const;
const DAY_MS = 86_400_000;
/** So many windows that the last stage has two that end at once, however its ticks fall. */
const DAYS = 6;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);

/** What came out of both pipelines. */
interface Outputs {
  readonly days: Collector;
  readonly pictures: Collector;
  readonly letters: readonly Collector[];
  readonly undelivered: readonly Collector[];
}

/** Two pipelines that stand; their jobs are not launched yet. */
export class SweepMesh {
  readonly stack: LocalStack;
  readonly plans: readonly MeshPlan[];
  readonly log: readonly LogLine[];
  readonly #deployments: readonly Deployment[];
  readonly #clients: MeshClients;
  readonly #pubsub: PubSub;
  readonly #outputs: Outputs;
  /** Pieces of work so far, of which each has days and minutes of its own. */
  #pieces = 0;

  private constructor(
    stack: LocalStack,
    deployments: readonly Deployment[],
    clients: MeshClients,
    outputs: Outputs,
    log: readonly LogLine[],
  ) {
    this.stack = stack;
    this.#deployments = deployments;
    this.plans = deployments.map(({ plan }) => plan);
    this.#clients = clients;
    this.#pubsub = stack.cloud.world.pubsubClient;
    this.#outputs = outputs;
    this.log = log;
  }

  /** @throws Error if the program fails */
  static start(): Promise<SweepMesh> {
    return withStandingStack("sweep-stack", async (standing) => {
      const { stack, clients, log } = standing;
      const deployments = Object.values(standing.outputs["deployments"] ?? {}) as Deployment[];
      const plans = deployments.map(({ plan }) => plan);
      const collect = (names: readonly string[]): Promise<Collector[]> =>
        Promise.all(names.map((name) => clients.collect(name)));
      const [[days, pictures], letters, undelivered] = await Promise.all([
        collect(["worst-airports", "pictures-shown"]),
        collect(plans.map(({ deadLetterTopic }) => deadLetterTopic)),
        collect(plans.map(({ pipeline }) => undeliveredName(pipeline))),
      ]);
      if (days === undefined || pictures === undefined) throw new Error("There are no sinks.");
      const outputs = { days, pictures, letters, undelivered };
      const mesh = new SweepMesh(stack, deployments, clients, outputs, log);
      await mesh.setAttempts(ATTEMPTS.most);
      return mesh;
    });
  }

  /** Launches both jobs, as their owner does. */
  async launch(): Promise<void> {
    Object.assign(process.env, this.stack.variables);
    const jobs = new CloudJobs(PROJECT, DATABASE);
    for (const deployment of this.#deployments) await jobs.launch(deployment);
  }

  /** Subscriptions that push to functions, by the pipeline's plan. */
  feeds(plan: MeshPlan): readonly Feed[] {
    return feedsOf(plan);
  }

  /** How often each subscription pushes a message before it sets it aside. */
  async setAttempts(maxDeliveryAttempts: number): Promise<void> {
    for (const plan of this.plans) {
      const topic = `projects/${PROJECT}/topics/${undeliveredName(plan.pipeline)}`;
      for (const { name } of this.feeds(plan)) {
        await this.#pubsub.subscription(name).setMetadata({
          retryPolicy: { minimumBackoff: AGAIN, maximumBackoff: AGAIN },
          deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts },
        });
      }
    }
  }

  /**
   * Sends work through both pipelines, of which each function needs each kind of its rights: elements,
   * two windows that end at once in every stage, and bytes that no stage can read.
   */
  async work(signal: AbortSignal): Promise<void> {
    const piece = this.#pieces++;
    await Promise.all([this.#flights(piece, signal), this.#clicks(piece, signal)]);
  }

  /** Lets Pub/Sub set aside a message of each subscription; no function may be called meanwhile. */
  async setAsideOfEach(signal: AbortSignal): Promise<void> {
    await this.setAttempts(ATTEMPTS.least);
    const before = this.#setAside();
    const wanted = this.plans.flatMap((plan) => this.feeds(plan));
    for (const { name, topic } of wanted) {
      await this.#publish(topic.kind === "external" ? topic.name : name, "in vain");
    }
    await this.#until(() => {
      const now = this.#setAside();
      return wanted.every(({ name }) => (now.get(name) ?? 0) > (before.get(name) ?? 0));
    }, signal);
    await this.setAttempts(ATTEMPTS.most);
  }

  async stop(): Promise<void> {
    await this.#clients.close();
    await this.stack.stop();
  }

  async #flights(piece: number, signal: AbortSignal): Promise<void> {
    const { days } = this.#outputs;
    const day = START_MS + piece * 20 * DAY_MS;
    const given = days.count;
    for (let n = 0; n < DAYS; n++) {
      for (const origin of ["SFO", "JFK"]) await this.#flight(day + n * DAY_MS, origin);
    }
    await this.#letters("flights", signal);
    // What ends the windows comes after what is in them, however often that comes again.
    await this.#flight(day + 15 * DAY_MS);
    await this.#until(() => days.count >= given + DAYS, signal);
  }

  async #clicks(piece: number, signal: AbortSignal): Promise<void> {
    const { pictures } = this.#outputs;
    const minute = START_MS + piece * 4 * MINUTE_MS;
    const given = pictures.count;
    for (const time of [minute, minute + MINUTE_MS]) await this.#click({ time, pictures: 4 });
    await this.#letters("clicks", signal);
    await this.#click({ time: minute + 3 * MINUTE_MS, pictures: 0 });
    await this.#until(() => pictures.count >= given + 2, signal);
  }

  /** Sends each function of a pipeline what it can't read, and waits for the dead letters. */
  async #letters(source: string, signal: AbortSignal): Promise<void> {
    const at = this.plans.findIndex(({ stages }) =>
      stages.some(({ ingest }) => ingest?.topic === source),
    );
    const plan = this.plans[at];
    const letters = this.#outputs.letters[at];
    if (plan === undefined || letters === undefined) throw new Error(`Nobody reads ${source}.`);
    const before = letters.count;
    const mailboxes = plan.stages.flatMap(({ mailbox }) => mailbox ?? []);
    for (const topic of [source, ...mailboxes]) await this.#publish(topic, "no JSON");
    await this.#until(() => letters.count >= before + 1 + mailboxes.length, signal);
  }

  async #flight(atMs: number, origin = "SFO"): Promise<void> {
    const [date = "", time = ""] = new Date(atMs).toISOString().split("T");
    const flight = {
      date: `${date.replaceAll("-", "/")} ${time.slice(0, 5)}`,
      origin,
      delay: 5,
    };
    await this.#publish("flights", JSON.stringify(flight));
  }

  async #click(click: Omit<Click, "page">): Promise<void> {
    await this.#publish("clicks", JSON.stringify({ page: "home", ...click }));
  }

  async #publish(topic: string, text: string): Promise<void> {
    const isOwn = topic.startsWith("tm-") && !topic.endsWith("-replay");
    const message = { data: Buffer.from(text), ...(isOwn && { orderingKey: "0" }) };
    await this.#pubsub.topic(topic, { messageOrdering: isOwn }).publishMessage(message);
  }

  /** Messages that Pub/Sub has set aside, by the subscription that they came from. */
  #setAside(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { attributes } of this.#outputs.undelivered.flatMap((each) => each.all())) {
      const feed = attributes["CloudPubSubDeadLetterSourceSubscription"] ?? "";
      counts.set(feed, (counts.get(feed) ?? 0) + 1);
    }
    return counts;
  }

  async #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds()) await sleep(POLL_MS, undefined, { signal });
  }
}
