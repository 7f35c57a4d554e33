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
import { replayLetters } from "../../../functions/dead-letters/replay.ts";
import type { Deployment } from "../../../functions/deployment.ts";
import type { Job } from "../../../functions/job.ts";
import { launch } from "../../../functions/launch.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../../functions/options.ts";
import type { Random, World } from "../../../functions/ports.ts";
import { createStage, ticksOf } from "../../../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../../../functions/status.ts";
import { tick } from "../../../functions/tracker.ts";
import { compile } from "../../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import type { Pipeline } from "../../../sdk/pipeline.ts";
import type { Observer } from "../checkers/checker.ts";
import { Deliveries } from "./deliveries.ts";
import type { Faults } from "./faults.ts";
import { instanceWorld } from "./instance-ports.ts";
import { Ledger } from "./ledger.ts";
import type { Handler, Life } from "./life.ts";
import { Lives } from "./lives.ts";
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
  readonly plan: MeshPlan;
  readonly options: EngineOptions;
  readonly store: MemoryStore = new MemoryStore();
  readonly ledger: Ledger = new Ledger();
  /** Texts that file sinks wrote, by path. */
  readonly files = new Map<string, string>();
  /** Told of everything that happens; the run adds them before the launch. */
  readonly observers: Observer[] = [];
  readonly #input: MeshInput;
  readonly #random: Random;
  readonly #deliveries: Deliveries;
  readonly #lives = new Map<string, Lives>();
  readonly #mailboxes: ReadonlySet<string>;
  readonly #tracker: Lives;
  readonly #operator: Lives;
  readonly #wakeups = new Set<string>();

  constructor(input: MeshInput) {
    this.#input = input;
    const { pipeline, scheduler, faults, engine, breaking, seed } = input;
    this.plan = compile(pipeline, { shards: SHARDS });
    this.options = { ...DEFAULT_OPTIONS, ...engine, ...breaking.engine };
    this.#random = seededRandom(seed);
    this.#deliveries = new Deliveries(scheduler, faults);
    this.#mailboxes = new Set(this.plan.stages.flatMap(({ mailbox }) => mailbox ?? []));
    for (const stage of this.plan.stages) {
      const lives = this.#livesOf(stage.id, (life) => this.#stageHandler(life));
      const topic = stage.mailbox ?? stage.ingest?.topic ?? stage.ingest?.subscription ?? "";
      this.#deliveries.subscribe(topic, (message) => this.#give(lives.pick(), message));
      if (stage.ingest === undefined) continue;
      const takeBack = (message: SourceMessage): Promise<void> =>
        this.#give(lives.pick(), message, "replay");
      this.#deliveries.subscribe(stage.ingest.replay, takeBack);
    }
    this.#tracker = this.#livesOf("tracker", (life) => this.#trackerHandler(life));
    this.#operator = this.#livesOf("operator", () => ({ deliver: async () => {} }));
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
    const { plan, options } = this;
    const nowhere = { queue: "", trackerUrl: "", endpoints: {} };
    const deployment: Deployment = { plan, compile: { shards: SHARDS }, options, ...nowhere };
    return this.operate(async (world) => {
      await launch(deployment, world, ticksOf(plan, world, options));
    });
  }

  /** Ends all sources: open windows fire and the job comes to DONE when `run` goes on. */
  drain(): Promise<void> {
    return this.operate((world) =>
      drain(this.plan, world, ticksOf(this.plan, world, this.options)),
    );
  }

  /** Sends dead letters back to their stages; they are taken when `run` goes on. */
  async replay(ids: readonly string[]): Promise<void> {
    const { plan, options } = this;
    await this.operate(async (world) => {
      await replayLetters(ids, { plan, world, ticks: ticksOf(plan, world, options) });
    });
  }

  /** Does what a person does from a command line: again until it is done. */
  async operate(work: (world: World) => Promise<void>): Promise<void> {
    for (;;) {
      const life = this.#operator.pick();
      const world = this.#worldOf(life);
      const ended = new Promise<never>((_, refuse) => life.out.add(refuse));
      try {
        return await this.#input.scheduler.during(Promise.race([work(world), ended]));
      } catch (error) {
        const isPassing = isMeshError(error) && PASSING.has(error.code);
        if (!isPassing) throw error;
      }
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

  /** Messages of a topic that no stage takes from. */
  messages(topic: string): readonly SourceMessage[] {
    return this.#deliveries.kept(topic);
  }

  /** Ends all instances of everything at once; what they had begun comes again. */
  crashAll(): void {
    for (const lives of this.#lives.values()) lives.crashAll();
  }

  async job(): Promise<Job | undefined> {
    const record = await this.store.readJob();
    return record === undefined ? undefined : (JSON.parse(record.text) as Job);
  }

  async status(): Promise<MeshStatus> {
    return statusOf(this.plan, await this.store.snapshot(), this.nowMs, this.options);
  }

  #livesOf(stage: string, start: (life: Life) => Handler): Lives {
    const { scheduler, faults } = this.#input;
    const lives = new Lives(stage, scheduler, faults, this.options.clockSkewMs, start);
    this.#lives.set(stage, lives);
    return lives;
  }

  #worldOf(life: Life): World {
    const { scheduler, faults, breaking } = this.#input;
    const isMailbox = (topic: string): boolean => this.#mailboxes.has(topic);
    const watched = {
      store: this.store,
      mailboxes: this.#deliveries,
      files: { write: async (path: string, text: string) => void this.files.set(path, text) },
      ledger: this.ledger,
      observers: this.observers,
      isMailbox,
    };
    const lives = this.#lives.get(life.stage);
    const world = instanceWorld({
      life,
      scheduler,
      faults,
      effects: watchedPorts(watched, life),
      random: this.#random,
      isMailbox,
      wake: (name, dueMs) => this.#wake(name, dueMs),
      crash: (each) => lives?.crash(each),
      hasRival: () => (lives?.started ?? 0) > 1,
    });
    return breaking.world?.(world, life) ?? world;
  }

  #stageHandler(life: Life): Handler {
    const { pipeline, breaking } = this.#input;
    const handler = createStage({
      graph: pipeline.graph,
      plan: this.plan,
      stage: life.stage,
      world: this.#worldOf(life),
      options: this.options,
      connectors: ALL_CONNECTORS,
    });
    return breaking.handler?.(handler, life) ?? handler;
  }

  #trackerHandler(life: Life): Handler {
    const world = this.#worldOf(life);
    const ticks = ticksOf(this.plan, world, this.options);
    const { plan, options } = this;
    return { deliver: () => tick({ plan, world, options, ticks }) };
  }

  async #give(
    life: Life,
    message: SourceMessage,
    how: "deliver" | "replay" = "deliver",
  ): Promise<void> {
    const disturbancesBefore = life.disturbances;
    const event = { message, life, how, disturbancesBefore };
    try {
      await untilCrash(life, message, how);
    } catch (error) {
      if (isMeshError(error) && error.disposition === "author")
        this.#input.scheduler.failure = error;
      for (const observer of this.observers) observer.refused?.(event, error);
      throw error;
    }
    for (const observer of this.observers) observer.acknowledged?.(event);
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
      untilCrash(this.#tracker.pick(), NO_MESSAGE).catch((error: unknown) => {
        const isPassing = isMeshError(error) && error.code === "ERR_UNAVAILABLE";
        if (isPassing) this.#tick(name, TICK_AGAIN_MS);
        else scheduler.failure = error;
      });
    });
  }
}

const PASSING: ReadonlySet<string> = new Set(["ERR_UNAVAILABLE", "ERR_STORE_CONTENTION"]);

const NO_MESSAGE: SourceMessage = {
  data: new Uint8Array(),
  attributes: {},
  messageId: "",
  publishTime: "",
};

/** Gives a message to an instance; a crash refuses it. */
function untilCrash(
  life: Life,
  message: SourceMessage,
  how: "deliver" | "replay" = "deliver",
): Promise<void> {
  return new Promise<void>((resolve, refuse) => {
    life.out.add(refuse);
    life.handler?.[how]?.(message)
      .then(resolve, refuse)
      .finally(() => life.out.delete(refuse));
  });
}
