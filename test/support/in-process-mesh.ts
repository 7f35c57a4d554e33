/**
 * In-process mesh: a pipeline's stages in this process, on the embedded services by real clients.
 *
 * Owns: the way of a push or a task to its stage handler, as HTTP in this process. Does not own: the
 * services (local-world.ts), which many meshes share one after the other.
 *
 * What it leaves out of a local mesh is bundling and processes of their own, so that a test of one
 * transform takes a fraction of a second; the ports, protocols and engine are the same.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { localClients } from "../../emulators/local-mesh.ts";
import type { LocalWorld } from "../../emulators/local-world.ts";
import { type ProvisionTarget, pointSubscriptions, provision } from "../../emulators/provision.ts";
import { ALL_CONNECTORS } from "../../functions/connectors/all.ts";
import { drain } from "../../functions/control/drain.ts";
import { messageOfPush } from "../../functions/gcp/push-request.ts";
import type { CloudWorld } from "../../functions/gcp/world.ts";
import { launch } from "../../functions/launch.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../functions/options.ts";
import { createStage, type StageHandler, ticksOf } from "../../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../../functions/status.ts";
import { tick } from "../../functions/tracker.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../../sdk/compile/plan.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { type Collector, MeshClients, type Taken } from "./mesh-clients.ts";

const PROJECT = "tidemark-test";
const LOCATION = `projects/${PROJECT}/locations/local`;
const POLL_MS = 20;

/** How a mesh is started. */
export interface InProcessOptions {
  readonly compile?: CompileOptions;
  readonly engine?: Partial<EngineOptions>;
  /** Topics whose messages are kept, from before the launch. */
  readonly collect?: (plan: MeshPlan) => readonly string[];
}

/** A pipeline in this process on embedded services. */
export class InProcessMesh {
  readonly plan: MeshPlan;
  readonly clients: MeshClients;
  readonly world: CloudWorld;
  readonly options: EngineOptions;
  readonly #handlers = new Map<string, StageHandler>();
  readonly #collected = new Map<string, Collector>();
  readonly #server: Server;
  readonly #services: LocalWorld;
  /** Requests under way: Firestore's client fails outside of promises if it is closed under one. */
  readonly #calls = new Set<Promise<void>>();
  /** How far processing time was moved ahead of the real one, in ms. */
  #aheadMs = 0;
  #isStopping = false;

  private constructor(
    pipeline: Pipeline,
    plan: MeshPlan,
    services: LocalWorld,
    server: Server,
    engine: Partial<EngineOptions>,
  ) {
    this.plan = plan;
    this.#server = server;
    this.#services = services;
    this.options = { ...DEFAULT_OPTIONS, tickMs: 50, clockSkewMs: 5, ...engine };
    this.clients = new MeshClients(variablesOf(services));
    this.world = this.#newWorld();
    const { graph } = pipeline;
    for (const { id } of plan.stages) {
      const { world, options } = this;
      const connectors = ALL_CONNECTORS;
      this.#handlers.set(id, createStage({ graph, plan, stage: id, world, options, connectors }));
    }
  }

  /** Starts a mesh on services that run, launched. Its pipeline's name must be new to them. */
  static async start(
    pipeline: Pipeline,
    services: LocalWorld,
    options: InProcessOptions = {},
  ): Promise<InProcessMesh> {
    const plan = compile(pipeline, options.compile ?? { shards: 2 });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const mesh = new InProcessMesh(pipeline, plan, services, server, options.engine ?? {});
    server.on("request", (request, response) => {
      const answer = mesh.#answer(request).then((code) => void response.writeHead(code).end());
      mesh.#calls.add(answer);
      void answer.finally(() => mesh.#calls.delete(answer));
    });
    const target: ProvisionTarget = {
      auth: { kind: "emulated" },
      pubsub: services.pubsubClient,
      tasks: services.tasksClient,
      location: LOCATION,
      queueName: `tm-${plan.pipeline}`,
      urlOf: (stage) => mesh.#url(stage),
    };
    await provision(plan, pipeline.graph.nodes, target);
    await pointSubscriptions(plan, target);
    for (const topic of options.collect?.(plan) ?? []) {
      mesh.#collected.set(topic, await mesh.clients.collect(topic));
    }
    const deployment = {
      plan,
      compile: options.compile ?? { shards: 2 },
      options: mesh.options,
      queue: mesh.#queue,
      trackerUrl: mesh.#url("tracker"),
      endpoints: Object.fromEntries(plan.stages.map(({ id }) => [id, mesh.#url(id)])),
    };
    await launch(deployment, mesh.world, mesh.#ticks());
    return mesh;
  }

  /** All messages of a topic that was to be collected, when it has none on its way. */
  async collected(topic: string, deadlineMs: number): Promise<readonly Taken[]> {
    const collector = this.#collected.get(topic);
    if (collector === undefined) throw new Error(`${topic} is not collected.`);
    const name = `projects/${PROJECT}/subscriptions/e2e-${topic}`;
    await this.until(`everything of ${topic} taken`, deadlineMs, () => {
      const backlog = this.#services.pubsub?.backlog(name);
      return backlog !== undefined && backlog.undelivered + backlog.outstanding === 0;
    });
    return collector.all();
  }

  /** Moves processing time on, without waiting. */
  advance(byMs: number): void {
    this.#aheadMs += byMs;
  }

  /** Resolves when everything that follows from what was done so far has happened. */
  async settle(deadlineMs: number): Promise<void> {
    await this.until("quiet", deadlineMs, async () => {
      const { plan, world, options } = this;
      await tick({ plan, world, options, ticks: this.#ticks() });
      return (await this.status()).isQuiet && this.#calls.size === 0 && this.#backlog() === 0;
    });
  }

  #backlog(): number {
    let backlog = 0;
    for (const { mailbox, ingest } of this.plan.stages) {
      const name = `projects/${PROJECT}/subscriptions/${mailbox ?? ingest?.subscription}`;
      const { undelivered = 0, outstanding = 0 } = this.#services.pubsub?.backlog(name) ?? {};
      backlog += undelivered + outstanding;
    }
    return backlog;
  }

  publish(topic: string, values: readonly unknown[]): Promise<void> {
    return this.clients.publish(topic, values);
  }

  documents(collection: string): Promise<Map<string, Record<string, unknown>>> {
    return this.clients.documents(collection);
  }

  async status(): Promise<MeshStatus> {
    const { plan, world, options } = this;
    return statusOf(plan, await world.store.snapshot(), world.clock.nowMs(), options);
  }

  /** Ends the sources and resolves when the mesh is DONE. */
  async drain(deadlineMs: number): Promise<void> {
    await drain(this.plan, this.world, this.#ticks());
    await this.done(deadlineMs);
  }

  async done(deadlineMs: number): Promise<void> {
    await this.until("DONE", deadlineMs, async () => (await this.status()).state === "DONE");
  }

  /** Resolves when `condition` holds. @throws Error with the mesh's status when the deadline passes */
  async until(
    what: string,
    deadlineMs: number,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const endMs = Date.now() + deadlineMs;
    while (!(await condition())) {
      if (Date.now() > endMs) {
        throw new Error(`Not ${what} in ${deadlineMs} ms: ${JSON.stringify(await this.status())}`);
      }
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#services.tasksClient.deleteQueue({ name: this.#queue });
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
    for (const handler of this.#handlers.values()) await handler.teardown();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.clients.close();
    await this.world.close();
  }

  async #answer(request: IncomingMessage): Promise<number> {
    if (this.#isStopping) return 503;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const name = (request.url ?? "").slice(1);
      if (name === "tracker") {
        const { plan, world, options } = this;
        await tick({ plan, world, options, ticks: this.#ticks() });
        return 204;
      }
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      await this.#handlers.get(name)?.deliver(messageOfPush(body));
      return 204;
    } catch {
      return 500; // As a function does: the delivery comes again.
    }
  }

  get #queue(): string {
    return `${LOCATION}/queues/tm-${this.plan.pipeline}`;
  }

  #url(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  #ticks(): ReturnType<typeof ticksOf> {
    return ticksOf(this.plan, this.world, this.options);
  }

  #newWorld(): CloudWorld {
    const { firestoreAddress, pubsubAddress, tasks } = this.#services;
    const environment = {
      project: PROJECT,
      database: "(default)",
      planHash: this.plan.hash,
      compile: {},
      options: this.options,
      queue: this.#queue,
      trackerUrl: this.#url("tracker"),
      tasksEmulatorHost: tasks.address,
      auth: { kind: "emulated" } as const,
      pubsubEmulatorHost: pubsubAddress,
    };
    const world = localClients(environment, this.plan.pipeline, firestoreAddress);
    const clock = { ...world.clock, nowMs: () => Date.now() + this.#aheadMs };
    const wake = (name: string, dueMs: number): Promise<void> =>
      world.wakeups.wake(name, dueMs - this.#aheadMs);
    return { ...world, clock, wakeups: { wake }, log: () => {} };
  }
}

/** The project of all in-process meshes. */
export const IN_PROCESS_PROJECT: string = PROJECT;

function variablesOf(services: LocalWorld): Record<string, string> {
  return {
    PUBSUB_EMULATOR_HOST: services.pubsubAddress,
    FIRESTORE_EMULATOR_HOST: services.firestoreAddress,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    METADATA_SERVER_DETECTION: "none",
  };
}
