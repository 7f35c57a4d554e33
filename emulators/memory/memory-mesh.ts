/**
 * Memory mesh: a whole pipeline in this process, on virtual time. The direct runner.
 *
 * Owns: wiring stages, tracker and ports together, and when time moves on: only when nothing else
 * can happen. Does not own: the engine, which is the same as everywhere.
 *
 * MW1. Between two moments of virtual time everything that can happen has happened.
 * MW2. The same pipeline and input give the same run: ids and jitter come from a seeded generator.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ALL_CONNECTORS } from "../../functions/connectors/all.ts";
import { drain } from "../../functions/drain.ts";
import type { Job } from "../../functions/job.ts";
import { launch } from "../../functions/launch.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../functions/options.ts";
import type { FileWriter, Log, World } from "../../functions/ports.ts";
import { createStage, type StageHandler, ticksOf } from "../../functions/stage-handler.ts";
import { type MeshStatus, statusOf } from "../../functions/status.ts";
import type { Ticks } from "../../functions/ticks.ts";
import { tick } from "../../functions/tracker.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { type MailboxCounts, MemoryMailboxes } from "./memory-mailboxes.ts";
import { MemoryStore, type StoreCounts } from "./memory-store.ts";
import { seededRandom } from "./seeded-random.ts";
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
}

/** A message for a topic, as a publisher gives it. */
export interface PublishedMessage {
  readonly data: Uint8Array | string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Writes files as they are named. */
export const realFiles: FileWriter = {
  async write(path, text) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  },
};

/** A whole pipeline in this process. */
export class MemoryMesh {
  readonly plan: MeshPlan;
  readonly clock: VirtualClock;
  readonly store: MemoryStore = new MemoryStore();
  readonly mailboxes: MemoryMailboxes;
  readonly #world: World;
  readonly #options: EngineOptions;
  readonly #stages: StageHandler[] = [];
  readonly #ticks: Ticks;
  readonly #wakeups = new Set<string>();
  /** Ticks that ran. */
  ticks = 0;
  #failure: unknown;
  #isTicking = 0;

  constructor(pipeline: Pipeline, options: MemoryMeshOptions = {}) {
    const shards = options.shards === undefined ? {} : { shards: options.shards };
    this.plan = compile(pipeline, shards);
    this.clock = new VirtualClock(options.startMs ?? Date.UTC(2026, 0, 1));
    this.mailboxes = new MemoryMailboxes(this.clock);
    this.#options = { ...DEFAULT_OPTIONS, ...options.engine };
    this.#world = {
      mailboxes: this.mailboxes,
      store: this.store,
      wakeups: { wake: async (name, dueMs) => this.#wake(name, dueMs) },
      clock: this.clock,
      random: seededRandom(options.seed ?? 1),
      log: options.log ?? (() => {}),
      files: options.files ?? realFiles,
    };
    this.#ticks = ticksOf(this.plan, this.#world, this.#options);
    for (const stage of this.plan.stages) this.#start(pipeline, stage);
  }

  /** Launches the job; `run` then makes it go. */
  async launch(): Promise<void> {
    await launch(this.plan, this.#world, this.#ticks);
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

  /** Ends all sources: open windows fire and the job comes to DONE when `run` goes on. */
  async drain(): Promise<void> {
    await drain(this.plan, this.#world, this.#ticks);
  }

  /**
   * Runs until nothing is left to do, or until virtual time has come to `untilMs`.
   *
   * @throws what a tick or a source that can't be read gave for the author
   */
  async run(untilMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    for (let seen = -1; ; ) {
      await new Promise(setImmediate);
      if (this.#failure !== undefined) throw this.#failure;
      const uses = this.clock.uses + this.#isTicking;
      if (uses !== seen) {
        seen = uses;
        continue;
      }
      const { nextMs } = this.clock;
      const isBusy = this.mailboxes.active > 0 || this.#isTicking > 0;
      // Busy, and yet nothing moved: user code waits for the real world.
      if (isBusy) await sleep(1);
      if (nextMs !== undefined && nextMs <= untilMs) this.clock.step();
      else if (!isBusy) break;
    }
    if (Number.isFinite(untilMs)) this.clock.moveTo(untilMs);
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
    return statusOf(this.plan, await this.store.snapshot(), this.clock.nowMs());
  }

  /** What the clouds would bill. */
  counts(): { store: StoreCounts; mailboxes: MailboxCounts; ticks: number } {
    return { store: this.store.counts, mailboxes: this.mailboxes.counts, ticks: this.ticks };
  }

  async stop(): Promise<void> {
    for (const stage of this.#stages) await stage.teardown();
  }

  #start(pipeline: Pipeline, stage: MeshPlan["stages"][number]): void {
    const handler = createStage({
      graph: pipeline.graph,
      plan: this.plan,
      stage: stage.id,
      world: this.#world,
      options: this.#options,
      connectors: ALL_CONNECTORS,
    });
    this.#stages.push(handler);
    const topic = stage.mailbox ?? stage.ingest?.topic ?? stage.ingest?.subscription ?? "";
    this.mailboxes.subscribe(topic, (message) => this.#deliver(handler, message));
  }

  async #deliver(handler: StageHandler, message: SourceMessage): Promise<void> {
    try {
      await handler.deliver(message);
    } catch (error) {
      this.#noteAuthorError(error);
      throw error;
    }
  }

  /** What only the author can mend ends the run; the rest is tried again, as everywhere. */
  #noteAuthorError(error: unknown): void {
    if (isMeshError(error) && error.disposition === "author") this.#failure = error;
  }

  #wake(name: string, dueMs: number): void {
    if (this.#wakeups.has(name)) return;
    this.#wakeups.add(name);
    this.clock.at(dueMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    this.ticks++;
    this.#isTicking++;
    try {
      const context = { plan: this.plan, world: this.#world, options: this.#options };
      await tick({ ...context, ticks: this.#ticks });
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#isTicking--;
      this.clock.uses++;
    }
  }
}
