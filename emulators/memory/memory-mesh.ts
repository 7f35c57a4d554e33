/**
 * Memory mesh: a whole pipeline in this process, on virtual time. The direct runner.
 *
 * Owns: wiring stages, tracker and ports together. Does not own: the engine, which is the same as
 * everywhere, or when time moves on (time-run.ts).
 *
 * MW2. The same pipeline and input give the same run: ids and jitter come from a seeded generator.
 * MW3. `settle` moves no time: what must wait is not waited for, and the tracker runs until it has
 *      nothing more to do.
 */
import { ALL_CONNECTORS } from "../../functions/connectors/all.ts";
import { localFiles } from "../../functions/connectors/file-writer.ts";
import { drain } from "../../functions/control/drain.ts";
import type { JobControl } from "../../functions/control/job-control.ts";
import { launchAnew } from "../../functions/control/relaunch.ts";
import { subscriptionOf } from "../../functions/control/subscription-names.ts";
import { finishUpdate, prepareUpdate } from "../../functions/control/update.ts";
import { type ReplayReport, replayLetters } from "../../functions/dead-letters/replay.ts";
import type { Deployment } from "../../functions/deployment.ts";
import type { Job } from "../../functions/job.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../functions/options.ts";
import type { FileWriter, Log, Subscriptions, World } from "../../functions/ports.ts";
import { createStage, type StageHandler, ticksOf } from "../../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../../functions/status.ts";
import type { Ticks } from "../../functions/ticks.ts";
import { tick } from "../../functions/tracker.ts";
import type { PlanComparison } from "../../sdk/compile/compatibility.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { type MeshUpdateOptions, REST_MS_MAX } from "../update-options.ts";
import { type Deliver, type MailboxCounts, MemoryMailboxes } from "./memory-mailboxes.ts";
import { MemoryStore, type StoreCounts } from "./memory-store.ts";
import { MemorySubscriptions } from "./memory-subscriptions.ts";
import { seededRandom } from "./seeded-random.ts";
import { TimeRun } from "./time-run.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** How a memory mesh is set up. */
export interface MemoryMeshOptions {
  readonly shards?: number;
  readonly engine?: Partial<EngineOptions>;
  /** Virtual time at the beginning, in ms since the epoch; default 2026-01-01. */
  readonly startMs?: number;
  readonly seed?: number;
  /** Where file sinks write: real files by default. */
  readonly files?: FileWriter;
  readonly log?: Log;
  /** Stands between each new instance (a stage's id, or `tracker`) and its world: for faults. */
  readonly wrapWorld?: (world: World, instance: string) => World;
  /** Stands between the mailboxes and a stage: for faults. */
  readonly wrapDeliver?: (deliver: Deliver, stage: string) => Deliver;
  /** So many deliveries that are refused one after the other end the run; never where left out. */
  readonly refusalsMax?: number;
  /** Nothing waits for the real world, so that virtual time need not wait for it either. */
  readonly isVirtualOnly?: boolean;
}

/** A stage on its one instance at a time. */
interface Instance {
  readonly handler: StageHandler;
  /** Refuses the deliveries that are out, should the instance end. */
  readonly out: Set<(error: unknown) => void>;
}

type Give = (handler: StageHandler, message: SourceMessage) => Promise<void>;

/** A tick that failed is tried again after this, in ms. */
const TICK_AGAIN_MS = 1_000;

/** Steps in which time goes on while control works, in ms. */
const STEP_MS = 50;

/** A message for a topic, as a publisher gives it. */
export interface PublishedMessage {
  readonly data: Uint8Array | string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A whole pipeline in this process. */
export class MemoryMesh {
  plan: MeshPlan;
  readonly clock: VirtualClock;
  readonly store: MemoryStore = new MemoryStore();
  readonly mailboxes: MemoryMailboxes;
  readonly subscriptions: Subscriptions;
  #compile: CompileOptions;
  readonly #world: World;
  readonly #options: EngineOptions;
  #pipeline: Pipeline;
  readonly #instances = new Map<string, Instance>();
  readonly #trackerWorld: World;
  readonly #wrapWorld: (world: World, instance: string) => World;
  readonly #time: TimeRun;
  readonly #refusalsMax: number;
  #ticks: Ticks;
  readonly #wrapDeliver: (deliver: Deliver, stage: string) => Deliver;
  readonly #subscribed = new Set<string>();
  readonly #wakeups = new Set<string>();
  /** Ticks that ran. */
  ticks = 0;
  #failure: unknown;
  /** A first launch waits for nothing, and so moves no time. */
  #isLaunched = false;
  #isTicking = 0;
  #refusalsInARow = 0;

  constructor(pipeline: Pipeline, options: MemoryMeshOptions = {}) {
    this.#compile = options.shards === undefined ? {} : { shards: options.shards };
    this.plan = compile(pipeline, this.#compile);
    this.clock = new VirtualClock(options.startMs ?? Date.UTC(2026, 0, 1));
    this.mailboxes = new MemoryMailboxes(this.clock);
    this.subscriptions = new MemorySubscriptions(this.mailboxes);
    this.#options = { ...DEFAULT_OPTIONS, ...options.engine };
    this.#world = {
      mailboxes: this.mailboxes,
      store: this.store,
      wakeups: { wake: async (name, dueMs) => this.#wake(name, dueMs) },
      clock: this.clock,
      random: seededRandom(options.seed ?? 1),
      log: options.log ?? (() => {}),
      files: options.files ?? localFiles,
    };
    this.#pipeline = pipeline;
    const going = {
      isBusy: () => this.mailboxes.active > 0 || this.#isTicking > 0,
      ticking: () => this.#isTicking,
      check: () => {
        if (this.#failure !== undefined) throw this.#failure;
      },
    };
    this.#time = new TimeRun(this.clock, going, options.isVirtualOnly ?? false);
    this.#refusalsMax = options.refusalsMax ?? Number.POSITIVE_INFINITY;
    this.#wrapWorld = options.wrapWorld ?? ((world) => world);
    this.#trackerWorld = this.#wrapWorld(this.#world, "tracker");
    this.#ticks = ticksOf(this.plan, this.#trackerWorld, this.#options);
    this.#wrapDeliver = options.wrapDeliver ?? ((deliver) => deliver);
    this.#deploy();
  }

  /** Puts new instances of all stages in place, and subscribes those that are new. */
  #deploy(): void {
    for (const stage of this.plan.stages) {
      this.restart(stage.id);
      this.#subscribe(
        stage.mailbox ?? stage.ingest?.topic,
        subscriptionOf(stage),
        stage.id,
        (handler, message) => handler.deliver(message),
      );
      const replay = stage.ingest?.replay;
      if (replay === undefined) continue;
      this.#subscribe(replay, replay, stage.id, (handler, message) => handler.replay(message));
    }
  }

  #subscribe(topic: string | undefined, name: string, stage: string, give: Give): void {
    // As in the cloud: a subscription that a plan has again pushes again.
    if (this.#subscribed.has(name)) this.mailboxes.subscription(name)?.start();
    if (this.#subscribed.has(name)) return;
    this.#subscribed.add(name);
    const deliver = (message: SourceMessage): Promise<void> =>
      this.#deliver(stage, (handler) => give(handler, message));
    this.mailboxes.subscribe(topic ?? name, this.#wrapDeliver(deliver, stage), name);
  }

  /** Launches the job; `run` then makes it go. */
  async launch(): Promise<void> {
    const work = launchAnew(this.control);
    if (this.#isLaunched) await this.during(work);
    this.#isLaunched = true;
    await work;
  }

  get #deployment(): Deployment {
    const nowhere = { queue: "", trackerUrl: "", endpoints: {} };
    return { plan: this.plan, compile: this.#compile, options: this.#options, ...nowhere };
  }

  /** Publishes messages to a topic, as an ordinary publisher would. */
  async publish(topic: string, messages: readonly PublishedMessage[]): Promise<void> {
    await this.mailboxes.publish(
      messages.map(({ data, attributes = {} }) => ({
        topic,
        orderingKey: "",
        data: typeof data === "string" ? Buffer.from(data, "utf8") : data,
        attributes,
      })),
    );
  }

  /** What pausing, resuming, draining and cancelling work with. */
  get control(): JobControl {
    const ticks = ticksOf(this.plan, this.#world, this.#options);
    const { subscriptions } = this;
    return { deployment: this.#deployment, world: this.#world, subscriptions, ticks };
  }

  /**
   * Goes on under another plan, with the state of this one; time goes on meanwhile.
   *
   * @throws ERR_UPDATE_INCOMPATIBLE if its state does not fit; nothing has changed then
   */
  async update(pipeline: Pipeline, options: MeshUpdateOptions = {}): Promise<PlanComparison> {
    const { compile: compiling = this.#compile, timeoutMs = REST_MS_MAX, ...names } = options;
    const plan = compile(pipeline, compiling);
    const deployment = { ...this.#deployment, plan, compile: compiling };
    const input = { ...names, deployment, timeoutMs };
    const comparison = await this.during(prepareUpdate(this.control, input));
    this.#pipeline = pipeline;
    this.#compile = compiling;
    this.plan = plan;
    this.#ticks = ticksOf(plan, this.#trackerWorld, this.#options);
    this.#deploy();
    await this.during(finishUpdate(this.control));
    return comparison;
  }

  /** Lets time go on until what was begun has ended. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const done = work.finally(() => {
      isOver = true;
    });
    done.catch(() => {}); // It is awaited below, when time has gone on.
    while (!isOver) await this.run(this.clock.nowMs() + STEP_MS);
    return done;
  }

  /** Ends all sources: open windows fire and the job comes to DONE when `run` goes on. */
  async drain(): Promise<void> {
    await drain(this.plan, this.#world, this.control.ticks);
  }

  /** Sends dead letters back to their stages; they are taken when `run` goes on. */
  replay(ids: readonly string[]): Promise<ReplayReport> {
    const world = this.#wrapWorld(this.#world, "replay");
    const ticks = ticksOf(this.plan, world, this.#options);
    return replayLetters(ids, { plan: this.plan, world, ticks });
  }

  /**
   * Runs until nothing is left to do, or until virtual time has come to `untilMs`.
   *
   * @throws what a tick or a source that can't be read gave for the author
   */
  async run(untilMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#time.until(untilMs);
  }

  /**
   * Makes everything happen that can happen now, while time stands still (MW3): deliveries, retries
   * after a pause, and timers that the watermark or the time has reached, in every stage.
   *
   * @throws what `run` throws
   */
  async settle(): Promise<void> {
    let before: number;
    do {
      await this.#time.quiet();
      before = this.#changes;
      await this.#tick();
      await this.#time.quiet();
    } while (this.#changes !== before);
  }

  /** Moves time by exactly so much at once, and settles. */
  async advance(byMs: number): Promise<void> {
    this.clock.moveTo(this.clock.nowMs() + byMs);
    await this.settle();
  }

  /** What was stored and sent so far: a tick that changes nothing adds nothing. */
  get #changes(): number {
    return this.store.counts.commits + this.mailboxes.counts.messages;
  }

  /** Messages of a topic that no stage takes from. */
  messages(topic: string): readonly SourceMessage[] {
    return this.mailboxes.kept(topic);
  }

  async job(): Promise<Job | undefined> {
    const record = await this.store.readJob();
    return record === undefined ? undefined : (JSON.parse(record.text) as Job);
  }

  async status(): Promise<MeshStatus> {
    const snapshot = await this.store.snapshot();
    return statusOf(this.plan, snapshot, this.clock.nowMs(), this.#options);
  }

  /** What the clouds would bill. */
  counts(): { store: StoreCounts; mailboxes: MailboxCounts; ticks: number } {
    return { store: this.store.counts, mailboxes: this.mailboxes.counts, ticks: this.ticks };
  }

  async stop(): Promise<void> {
    for (const { handler } of this.#instances.values()) await handler.teardown();
  }

  /** Puts a new instance of a stage in the place of the one before, whose deliveries come again. */
  restart(stage: string): void {
    const before = this.#instances.get(stage);
    // The plan may have no such stage any more: then nobody takes its place.
    if (before !== undefined && !this.plan.stages.some(({ id }) => id === stage)) return;
    const handler = createStage({
      graph: this.#pipeline.graph,
      plan: this.plan,
      stage,
      world: this.#wrapWorld(this.#world, stage),
      options: this.#options,
      connectors: ALL_CONNECTORS,
    });
    this.#instances.set(stage, { handler, out: new Set() });
    const gone = new MeshError("ERR_UNAVAILABLE", `The instance of ${stage} has ended.`);
    for (const refuse of before?.out ?? []) refuse(gone);
  }

  async #deliver(stage: string, give: (handler: StageHandler) => Promise<void>): Promise<void> {
    const instance = this.#instances.get(stage);
    try {
      await new Promise<void>((resolve, refuse) => {
        const { handler, out } = instance as Instance;
        out.add(refuse);
        const done = (): void => void out.delete(refuse);
        void give(handler).then(resolve, refuse).finally(done);
      });
      this.#refusalsInARow = 0;
    } catch (error) {
      this.#noteRefusal(error);
      throw error;
    }
  }

  /** What only the author can mend ends the run; the rest is tried again, as everywhere. */
  #noteRefusal(error: unknown): void {
    const isAuthors = isMeshError(error) && error.disposition === "author";
    if (isAuthors || ++this.#refusalsInARow > this.#refusalsMax) this.#failure = error;
  }

  #wake(name: string, dueMs: number): void {
    if (this.#wakeups.has(name)) return;
    this.#wakeups.add(name);
    this.clock.wakeAt(dueMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    this.ticks++;
    this.#isTicking++;
    try {
      const context = { plan: this.plan, world: this.#trackerWorld, options: this.#options };
      await tick({ ...context, ticks: this.#ticks });
    } catch (error) {
      // As Cloud Tasks does: a call that failed is made again.
      const passing: readonly unknown[] = ["ERR_UNAVAILABLE", "ERR_PLAN_MISMATCH"];
      const isPassing = isMeshError(error) && passing.includes(error.code);
      if (isPassing) this.clock.at(this.clock.nowMs() + TICK_AGAIN_MS, () => void this.#tick());
      else this.#failure = error;
    } finally {
      this.#isTicking--;
      this.clock.uses++;
    }
  }
}
