/**
 * Simulated mesh: a whole pipeline on the engine as it is, in a world in which everything waits in
 * one queue and anything may go wrong.
 *
 * Owns: wiring stages, tracker, mailboxes and ports together. Does not own: the order of steps
 * (scheduler.ts), faults (faults.ts), and what must hold (checkers/).
 */
import { MemoryStore } from "../../../emulators/memory/memory-store.ts";
import { seededRandom } from "../../../emulators/memory/seeded-random.ts";
import { ALL_CONNECTORS } from "../../../functions/connectors/all.ts";
import { drain } from "../../../functions/control/drain.ts";
import type { JobControl } from "../../../functions/control/job-control.ts";
import { replayLetters } from "../../../functions/dead-letters/replay.ts";
import type { Deployment } from "../../../functions/deployment.ts";
import { type Job, standsStill } from "../../../functions/job.ts";
import { launch } from "../../../functions/launch.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../../functions/options.ts";
import type { Random, Subscriptions, World } from "../../../functions/ports.ts";
import { createStage, ticksOf } from "../../../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../../../functions/status.ts";
import { tick } from "../../../functions/tracker.ts";
import { compile } from "../../../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import { isMeshError, MeshError } from "../../../sdk/model/errors.ts";
import type { Pipeline } from "../../../sdk/pipeline.ts";
import type { Observer } from "../checkers/checker.ts";
import { Calls, type CallsInput } from "./calls.ts";
import { faultySubscriptions } from "./control-ports.ts";
import { Deliveries } from "./deliveries.ts";
import { Deployed, type How } from "./deployed.ts";
import { Faults } from "./faults.ts";
import { instanceWorld } from "./instance-ports.ts";
import { Ledger } from "./ledger.ts";
import type { Handler, Life } from "./life.ts";
import { Lives } from "./lives.ts";
import { Operator } from "./operator.ts";
import type { Scheduler } from "./scheduler.ts";
import { watchedPorts } from "./watched-world.ts";

const SHARDS = 2;
/** A tick that failed is made again after this, as Cloud Tasks does. */
const TICK_AGAIN_MS = 1_000;

/** What breaks the world on purpose (planted/). */
export interface Breaking {
  /** Stands between an instance and its world. */
  readonly world?: (world: World, life: Life) => World;
  /** Stands between the mailboxes and an instance. */
  readonly handler?: (handler: Handler, life: Life) => Handler;
  /** Stands between whoever controls the job and the subscriptions. */
  readonly subscriptions?: (subscriptions: Subscriptions) => Subscriptions;
  readonly engine?: Partial<EngineOptions>;
}

/** What a simulated mesh is made of. */
export interface MeshInput {
  readonly pipeline: Pipeline;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly seed: number;
  readonly engine: Partial<EngineOptions>;
  readonly breaking: Breaking;
}

/** A whole pipeline in a simulated world. */
export class SimulatedMesh {
  readonly options: EngineOptions;
  readonly store: MemoryStore = new MemoryStore();
  readonly ledger: Ledger = new Ledger();
  /** Texts that file sinks wrote, by path. */
  readonly files = new Map<string, string>();
  /** Told of everything that happens; the run adds them before the launch. */
  readonly observers: Observer[] = [];
  /** Controls the job. */
  readonly operator: Operator;
  readonly #input: MeshInput;
  readonly #random: Random;
  readonly #deliveries: Deliveries;
  readonly #deployed: Deployed;
  readonly #operators: Lives;
  readonly #mailboxes = new Set<string>();
  readonly #wakeups = new Set<string>();
  readonly #noFaults: Faults;
  #compile: CompileOptions = { shards: SHARDS };

  constructor(input: MeshInput) {
    this.#input = input;
    const { pipeline, scheduler, faults, engine, breaking, seed } = input;
    const plan = compile(pipeline, this.#compile);
    this.options = { ...DEFAULT_OPTIONS, ...engine, ...breaking.engine };
    this.#random = seededRandom(seed);
    this.#noFaults = new Faults(seed, new Set());
    this.#deliveries = new Deliveries(scheduler, faults, seed % 2 === 0);
    const lives = { scheduler, faults, clockSkewMs: this.options.clockSkewMs };
    this.#deployed = new Deployed(pipeline, plan, lives, {
      stage: (...of) => this.#stageHandler(...of),
      tracker: (...of) => this.#trackerHandler(...of),
    });
    this.#operators = new Lives({ stage: "operator", plan, name: "operator" }, lives, () => ({
      deliver: async () => {},
    }));
    const controlOf = (life: Life): JobControl => this.#controlOf(life);
    this.operator = new Operator({ lives: this.#operators, scheduler, controlOf });
    this.#noteMailboxes();
    this.subscribe();
  }

  /** The plan that is in place. */
  get plan(): MeshPlan {
    return this.#deployed.plan;
  }

  /** The plan that the job runs. */
  get jobPlan(): MeshPlan {
    return this.#deployed.planOf(this.ledger.job?.plan ?? "") ?? this.plan;
  }

  get nowMs(): number {
    return this.#input.scheduler.nowMs;
  }

  /** Runs until nothing is left to do, or until virtual time has come to `untilMs`. */
  run(untilMs: number): Promise<void> {
    return this.#input.scheduler.run(untilMs);
  }

  /** Runs for so long. */
  runFor(delayMs: number): Promise<void> {
    return this.run(this.nowMs + delayMs);
  }

  launch(): Promise<void> {
    return this.operator.atOnce(async ({ deployment, world, ticks }) => {
      await launch(deployment, world, ticks);
    });
  }

  /** Ends all sources: open windows fire and the job comes to DONE when `run` goes on. */
  drain(): Promise<void> {
    return this.operator.atOnce(({ deployment, world, ticks }) =>
      drain(deployment.plan, world, ticks),
    );
  }

  /** Sends dead letters back to their stages; they are taken when `run` goes on. */
  async replay(ids: readonly string[]): Promise<void> {
    await this.operator.atOnce(({ deployment: { plan }, world, ticks }) =>
      replayLetters(ids, { plan, world, ticks }),
    );
  }

  /** Lets the mesh go on until something has come to its end. */
  during<T>(work: Promise<T>): Promise<T> {
    return this.#input.scheduler.during(work);
  }

  /** Returns what the control of a job is given to go on under another plan. */
  deploymentOf(pipeline: Pipeline, compiling: CompileOptions = this.#compile): Deployment {
    const nowhere = { queue: "", trackerUrl: "", endpoints: {} };
    const plan = compile(pipeline, compiling);
    return { plan, compile: compiling, options: this.options, ...nowhere };
  }

  /** Puts the functions of another plan in place, and its topics; `subscribe` follows. */
  deploy(pipeline: Pipeline, { plan, compile: compiling }: Deployment): void {
    this.#compile = compiling;
    const before = this.#deployed.subscriptions;
    this.#deployed.replace(pipeline, plan);
    this.#input.scheduler.note(`plan ${plan.hash} is in place`);
    const names = new Set(this.#deployed.subscriptions.map(({ name }) => name));
    for (const each of before) if (!names.has(each.name)) this.#deliveries.remove(each);
    for (const { topic } of this.#deployed.subscriptions) this.#deliveries.create(topic);
    this.#noteMailboxes();
  }

  /** Makes the subscriptions of the plan that is in place; those that are there push again. */
  subscribe(): void {
    for (const { topic, name } of this.#deployed.subscriptions) {
      this.#deliveries.subscribe(topic, name, (message) => this.#give(name, message));
    }
  }

  /** Publishes values as JSON, as an ordinary publisher would. */
  async publish(topic: string, values: readonly unknown[]): Promise<void> {
    await this.#deliveries.publish(
      values.map((value) => ({
        topic,
        orderingKey: "",
        data: Buffer.from(JSON.stringify(value), "utf8"),
        attributes: {},
      })),
    );
  }

  /** How many messages of a topic nobody has acknowledged. */
  backlog(topic: string): number {
    return this.#deliveries.backlog(topic);
  }

  /** Messages of a topic that nobody has acknowledged. */
  unacknowledged(topic: string): readonly SourceMessage[] {
    return this.#deliveries.unacknowledged(topic);
  }

  /** Messages of a topic that no stage takes from. */
  messages(topic: string): readonly SourceMessage[] {
    return this.#deliveries.kept(topic);
  }

  /** Ends all instances of everything at once; what they had begun comes again. */
  crashAll(): void {
    this.#deployed.crashAll();
    this.#operators.crashAll();
  }

  async job(): Promise<Job | undefined> {
    const record = await this.store.readJob();
    return record === undefined ? undefined : (JSON.parse(record.text) as Job);
  }

  async status(): Promise<MeshStatus> {
    return statusOf(this.plan, await this.store.snapshot(), this.nowMs, this.options);
  }

  #noteMailboxes(): void {
    for (const { mailbox } of this.plan.stages) if (mailbox) this.#mailboxes.add(mailbox);
  }

  #controlOf(life: Life): JobControl {
    const { plan } = this;
    const nowhere = { queue: "", trackerUrl: "", endpoints: {} };
    const deployment = { plan, compile: this.#compile, options: this.options, ...nowhere };
    const world = this.#worldOf(life, this.#operators);
    const calls = new Calls(this.#callsOf(life, this.#operators));
    const { breaking } = this.#input;
    const faulty = faultySubscriptions(calls, this.#deliveries, this.#faultsOf(life));
    const subscriptions = breaking.subscriptions?.(faulty) ?? faulty;
    return { deployment, world, subscriptions, ticks: ticksOf(plan, world, this.options) };
  }

  #callsOf(life: Life, lives: Lives): CallsInput {
    const { scheduler } = this.#input;
    const faults = this.#faultsOf(life);
    const crash = (each: Life): void => lives.crash(each);
    return { life, scheduler, faults, crash, hasRival: () => lives.started > 1 };
  }

  #faultsOf({ isSpared }: Life): Faults {
    return isSpared ? this.#noFaults : this.#input.faults;
  }

  #worldOf(life: Life, lives: Lives): World {
    const { breaking } = this.#input;
    const isMailbox = (topic: string): boolean => this.#mailboxes.has(topic);
    const watched = {
      store: this.store,
      mailboxes: this.#deliveries,
      files: { write: async (path: string, text: string) => void this.files.set(path, text) },
      ledger: this.ledger,
      observers: this.observers,
      isMailbox,
    };
    const world = instanceWorld({
      ...this.#callsOf(life, lives),
      effects: watchedPorts(watched, life),
      random: this.#random,
      isMailbox,
      wake: (name, dueMs) => this.#wake(name, dueMs),
    });
    return breaking.world?.(world, life) ?? world;
  }

  #stageHandler({ graph }: Pipeline, life: Life, lives: Lives): Handler {
    const { breaking } = this.#input;
    const handler = createStage({
      graph,
      plan: life.plan,
      stage: life.stage,
      world: this.#worldOf(life, lives),
      options: this.options,
      connectors: ALL_CONNECTORS,
    });
    return breaking.handler?.(handler, life) ?? handler;
  }

  #trackerHandler(life: Life, lives: Lives): Handler {
    const world = this.#worldOf(life, lives);
    const { plan } = life;
    const ticks = ticksOf(plan, world, this.options);
    return { deliver: () => tick({ plan, world, options: this.options, ticks }) };
  }

  async #give(subscription: string, message: SourceMessage): Promise<void> {
    const picked = this.#deployed.pick(subscription);
    if (picked === undefined) throw new MeshError("ERR_UNAVAILABLE", "Nobody takes this any more.");
    const { life, how } = picked;
    const disturbancesBefore = life.disturbances;
    const { steps } = this.ledger;
    const event = { message, life, how, disturbancesBefore };
    try {
      await untilCrash(life, message, how);
    } catch (error) {
      if (isMeshError(error) && error.disposition === "author")
        this.#input.scheduler.failure = error;
      if (this.#isOfAnother(life, steps)) life.disturbances++;
      for (const observer of this.observers) observer.refused?.(event, error);
      throw error;
    }
    for (const observer of this.observers) observer.acknowledged?.(event);
  }

  /** Whether an instance is of another plan than the job, or the job was stopped or changed meanwhile. */
  #isOfAnother({ plan }: Life, steps: number): boolean {
    const { job, steps: now } = this.ledger;
    return job === undefined || plan.hash !== job.plan || standsStill(job) || steps !== now;
  }

  #wake(name: string, dueMs: number): void {
    if (this.#wakeups.has(name)) return;
    this.#wakeups.add(name);
    this.#tick(name, dueMs - this.nowMs);
  }

  #tick(name: string, afterMs: number): void {
    const { scheduler } = this.#input;
    scheduler.park("tracker", name, afterMs, () => {
      scheduler.note(name);
      const life = this.#deployed.pickTracker();
      untilCrash(life, NO_MESSAGE).catch((error: unknown) => {
        const isOther = life.plan.hash !== this.ledger.job?.plan;
        const again = isOther ? ["ERR_UNAVAILABLE", "ERR_PLAN_MISMATCH"] : ["ERR_UNAVAILABLE"];
        if (isMeshError(error) && again.includes(error.code)) this.#tick(name, TICK_AGAIN_MS);
        else scheduler.failure = error;
      });
    });
  }
}

const NO_MESSAGE: SourceMessage = {
  data: new Uint8Array(),
  attributes: {},
  messageId: "",
  publishTime: "",
};

/** Gives a message to an instance; a crash refuses it. */
function untilCrash(life: Life, message: SourceMessage, how: How = "deliver"): Promise<void> {
  return new Promise<void>((resolve, refuse) => {
    life.out.add(refuse);
    life.handler?.[how]?.(message)
      .then(resolve, refuse)
      .finally(() => life.out.delete(refuse));
  });
}
