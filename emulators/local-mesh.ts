/**
 * Local mesh: a pipeline's real bundles, in processes of their own, on a local world.
 *
 * Owns: services, topics, functions and launch, together. Does not own: bundling (infra/), which code a
 * function runs (local-code.ts), what is shown (cli/).
 *
 *   publisher ─▶ Pub/Sub ──push──▶ function host ─▶ stage process ──commit──▶ Firestore
 *                   ▲                                    │
 *                   └──────────────publish───────────────┘        Cloud Tasks ─▶ tracker process
 */
import { drain } from "../functions/control/drain.ts";
import type { JobControl } from "../functions/control/job-control.ts";
import { launchAnew, relaunch } from "../functions/control/relaunch.ts";
import { resume } from "../functions/control/resume.ts";
import { finishUpdate, prepareUpdate } from "../functions/control/update.ts";
import { type Deployment, placesOf } from "../functions/deployment.ts";
import { environmentVariables, type FunctionEnvironment } from "../functions/gcp/environment.ts";
import { type CloudWorld, cloudWorld } from "../functions/gcp/world.ts";
import { requireLaunchable } from "../functions/launch.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../functions/options.ts";
import { ticksOf } from "../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../functions/status.ts";
import { decodeJob } from "../functions/tracker.ts";
import type { PlanComparison } from "../sdk/compile/compatibility.ts";
import { compile } from "../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { Pipeline } from "../sdk/pipeline.ts";
import type { Faults } from "./faults.ts";
import { type FunctionHost, type LogLine, startFunctionHost } from "./function-host.ts";
import { type Addresses, addressesOf, authOf, type Relay } from "./local-addresses.ts";
import { type FunctionCode, LocalCode } from "./local-code.ts";
import {
  type LocalPorts,
  type LocalWorld,
  startLocalWorld,
  variablesOf,
  type WorldName,
} from "./local-world.ts";
import { type ProvisionTarget, pointSubscriptions, provision } from "./provision.ts";
import { type MeshUpdateOptions, REST_MS_MAX } from "./update-options.ts";

/** How a local mesh is set up. */
export interface LocalMeshOptions {
  readonly pipeline: Pipeline;
  readonly compile?: CompileOptions;
  readonly bundles: readonly FunctionCode[];
  readonly world: WorldName;
  readonly engine?: Partial<EngineOptions>;
  /** Environment variables for the author's code: it must build the same pipeline everywhere. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `tidemark-local`. */
  readonly project?: string;
  readonly ports?: LocalPorts;
  /** Where services keep their data over a restart; only in memory where left out. */
  readonly persistFolder?: string;
  readonly onLog?: (line: LogLine) => void;
  readonly faults?: Faults;
  /** Who is asked to update the mesh from outside of this process. */
  readonly updater?: Deployment["updater"];
  /** Functions take only what Pub/Sub and Cloud Tasks have signed; on the embedded services alone. */
  readonly isAuthenticated?: boolean;
  /** Lets functions reach a service by another address: a test cuts what lies between. */
  readonly relay?: Relay;
}

/** A mesh that runs here. */
export interface LocalMesh {
  readonly plan: MeshPlan;
  /** Environment variables by which ordinary clients reach this world. */
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: FunctionHost;
  readonly services: LocalWorld;
  status(): Promise<MeshStatus>;
  /** Messages that wait in a stage's subscription; undefined where the world doesn't tell. */
  backlog(stage: string): number | undefined;
  /**
   * Goes on under another plan, with the state of this one.
   *
   * @throws ERR_UPDATE_INCOMPATIBLE if its state does not fit; nothing has changed then
   */
  update(
    pipeline: Pipeline,
    bundles: readonly FunctionCode[],
    options?: MeshUpdateOptions,
  ): Promise<PlanComparison>;
  /** What pausing, updating and taking snapshots of its job work with. */
  readonly control: JobControl;
  /** Ends the sources: what is open fires, and the job comes to DONE. */
  drain(): Promise<void>;
  /**
   * Puts new code in place.
   *
   * @returns the names of the functions whose code changed
   * @throws ERR_PLAN_MISMATCH if the pipeline's plan is another
   */
  reload(pipeline: Pipeline, bundles: readonly FunctionCode[]): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const DATABASE = "(default)";
const LOCATION = "local";

/** All processes share one clock here, and a tick costs nothing. */
const LOCAL_OPTIONS: Partial<EngineOptions> = {
  tickMs: 250,
  clockSkewMs: 10,
  answerMsMax: 2_000,
};

/**
 * Starts a mesh and launches its job.
 *
 * @throws ERR_PORT_IN_USE, ERR_EMULATOR
 */
export async function startLocalMesh(options: LocalMeshOptions): Promise<LocalMesh> {
  const { project = "tidemark-local", world, ports, persistFolder, faults } = options;
  const plan = compile(options.pipeline, options.compile ?? {});
  const functions = await startFunctionHost([], {
    ...(ports?.functions !== undefined && { port: ports.functions }),
    ...(options.onLog !== undefined && { onLog: options.onLog }),
  });
  let services: LocalWorld | undefined;
  try {
    services = await startLocalWorld({
      world,
      project,
      functions,
      isAuthenticated: options.isAuthenticated ?? false,
      ...(ports !== undefined && { ports }),
      ...(persistFolder !== undefined && { persistFolder }),
      ...(faults !== undefined && { faults }),
    });
    const reached = await addressesOf(services, options.relay);
    const mesh = new Mesh(options, plan, services, functions, project, reached);
    await mesh.begin();
    return mesh;
  } catch (error) {
    await functions.stop();
    await services?.stop();
    throw error;
  }
}

class Mesh implements LocalMesh {
  plan: MeshPlan;
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: FunctionHost;
  readonly services: LocalWorld;
  #options: LocalMeshOptions;
  #environment: FunctionEnvironment;
  readonly #world: CloudWorld;
  readonly #reached: Addresses;
  readonly #codes: LocalCode;
  /** Calls under way that use the clients. */
  readonly #calls = new Set<Promise<unknown>>();
  #isStopping = false;

  constructor(
    options: LocalMeshOptions,
    plan: MeshPlan,
    services: LocalWorld,
    functions: FunctionHost,
    project: string,
    reached: Addresses,
  ) {
    this.plan = plan;
    this.#reached = reached;
    this.functions = functions;
    this.#codes = new LocalCode(functions);
    this.services = services;
    this.#options = options;
    this.variables = variablesOf(project, {
      pubsub: services.pubsubAddress,
      firestore: services.firestoreAddress,
      tasks: services.tasks.address,
    });
    this.#environment = {
      project,
      database: DATABASE,
      planHash: plan.hash,
      compile: options.compile ?? {},
      options: { ...DEFAULT_OPTIONS, ...LOCAL_OPTIONS, ...options.engine },
      queue: `projects/${project}/locations/${LOCATION}/queues/tm-${plan.pipeline}`,
      trackerUrl: functions.url("tracker"),
      tasksEmulatorHost: services.tasks.address,
      auth: authOf(services, project),
      pubsubEmulatorHost: services.pubsubAddress,
    };
    this.#world = localClients(this.#environment, plan.pipeline, services.firestoreAddress);
  }

  /** Starts the functions, makes what the plan needs, and launches the job. */
  async begin(): Promise<void> {
    const { bundles, pipeline } = this.#options;
    await this.#codes.replaceAll(bundles, this.#variables());
    const target = this.#provisionTarget();
    await provision(this.plan, pipeline.graph.nodes, target);
    await this.#takeUp();
    await pointSubscriptions(this.plan, target);
    await launchAnew(this.control);
  }

  #provisionTarget(): ProvisionTarget {
    const { project, auth } = this.#environment;
    return {
      pubsub: this.services.pubsubClient,
      tasks: this.services.tasksClient,
      location: `projects/${project}/locations/${LOCATION}`,
      queueName: `tm-${this.plan.pipeline}`,
      urlOf: (stage) => this.functions.url(stage),
      auth,
    };
  }

  #deployment(
    plan = this.plan,
    compiled = this.#environment.compile,
    pipeline = this.#options.pipeline,
  ): Deployment {
    const { options, queue, trackerUrl } = this.#environment;
    const endpoints = Object.fromEntries(plan.stages.map(({ id }) => [id, this.functions.url(id)]));
    const { updater } = this.#options;
    const places = placesOf(pipeline.graph);
    const known = { plan, compile: compiled, options, queue, trackerUrl, endpoints, places };
    return { ...known, ...this.#caller(), ...(updater !== undefined && { updater }) };
  }

  get control(): JobControl {
    const world = this.#world;
    const { subscriptions } = world;
    return { deployment: this.#deployment(), world, subscriptions, ticks: this.#ticks() };
  }

  update(
    pipeline: Pipeline,
    bundles: readonly FunctionCode[],
    options: MeshUpdateOptions = {},
  ): Promise<PlanComparison> {
    const { compile: compiling = this.#environment.compile, timeoutMs = REST_MS_MAX } = options;
    return this.#whileOpen(async () => {
      const plan = compile(pipeline, compiling);
      const deployment = this.#deployment(plan, compiling, pipeline);
      const comparison = await prepareUpdate(this.control, { ...options, deployment, timeoutMs });
      this.plan = plan;
      this.#environment = { ...this.#environment, planHash: plan.hash, compile: compiling };
      this.#options = { ...this.#options, pipeline, bundles, compile: compiling };
      await this.#codes.replaceAll(bundles, this.#variables());
      const target = this.#provisionTarget();
      await provision(plan, pipeline.graph.nodes, target);
      await pointSubscriptions(plan, target);
      await finishUpdate(this.control);
      return comparison;
    });
  }

  #caller(): Pick<Deployment, "caller"> {
    const { auth } = this.#environment;
    const [account] = auth.kind === "oidc" ? auth.accounts : [];
    if (auth.kind === "emulated" || account === undefined) return {};
    return { caller: { account, audience: auth.audience } };
  }

  /** A job that was paused goes on with its mesh, whose functions may listen elsewhere now. */
  async #takeUp(): Promise<void> {
    const record = await this.#world.store.readJob();
    if (record === undefined) return;
    // A job that was cancelled begins anew, whatever its plan was.
    if ((await relaunch(this.control)) !== undefined) return;
    const job = decodeJob(record.text, this.plan);
    requireLaunchable(job);
    if (job.state !== "PAUSED") return;
    await resume(this.control);
  }

  status(): Promise<MeshStatus> {
    const { options } = this.#environment;
    return this.#whileOpen(async () =>
      statusOf(this.plan, await this.#world.store.snapshot(), Date.now(), options),
    );
  }

  backlog(stage: string): number | undefined {
    const found = this.plan.stages.find((s) => s.id === stage);
    const name = found?.mailbox ?? found?.ingest?.subscription;
    if (this.services.pubsub === undefined || name === undefined) return undefined;
    const { project } = this.#environment;
    const backlog = this.services.pubsub.backlog(`projects/${project}/subscriptions/${name}`);
    return backlog.undelivered + backlog.outstanding;
  }

  drain(): Promise<void> {
    return this.#whileOpen(() => drain(this.plan, this.#world, this.#ticks()));
  }

  async reload(pipeline: Pipeline, bundles: readonly FunctionCode[]): Promise<readonly string[]> {
    const plan = compile(pipeline, this.#options.compile ?? {});
    if (plan.hash !== this.plan.hash) {
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `The pipeline's plan changed from ${this.plan.hash} to ${plan.hash}; ` +
          "its state belongs to the old one. Start again to run the new plan.",
      );
    }
    return this.#codes.replaceChanged(bundles, this.#variables());
  }

  async stop(): Promise<void> {
    // Functions first: without them nothing is sent to the services any more.
    this.#isStopping = true;
    await this.functions.stop();
    // Firestore's client fails outside of every promise if it is closed under a query.
    await Promise.allSettled(this.#calls);
    await this.#world.close();
    await this.services.stop();
  }

  /** Makes a call that `stop` waits for. @throws ERR_EMULATOR once the mesh is being stopped */
  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isStopping) throw new MeshError("ERR_EMULATOR", "The mesh is being stopped.");
    const call = work();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  #ticks(): ReturnType<typeof ticksOf> {
    return ticksOf(this.plan, this.#world, this.#environment.options);
  }

  /** What every function finds in its environment. */
  #variables(): Record<string, string> {
    return {
      // The log stays on this machine, and its author wants to read it.
      TIDEMARK_LOG_MESSAGES: "1",
      ...this.#options.env,
      ...this.variables,
      PUBSUB_EMULATOR_HOST: this.#reached.pubsub,
      FIRESTORE_EMULATOR_HOST: this.#reached.firestore,
      ...environmentVariables({ ...this.#environment, tasksEmulatorHost: this.#reached.tasks }),
    };
  }
}

/**
 * Returns a world on local services. Firestore's client takes the emulator's address from the
 * environment alone, when it is made.
 */
export function localClients(
  environment: FunctionEnvironment,
  pipeline: string,
  firestoreAddress: string,
): CloudWorld {
  const before = process.env["FIRESTORE_EMULATOR_HOST"];
  process.env["FIRESTORE_EMULATOR_HOST"] = firestoreAddress;
  try {
    return cloudWorld(environment, pipeline);
  } finally {
    if (before === undefined) delete process.env["FIRESTORE_EMULATOR_HOST"];
    else process.env["FIRESTORE_EMULATOR_HOST"] = before;
  }
}
