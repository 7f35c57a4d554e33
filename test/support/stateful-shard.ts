/**
 * Stateful shard under test: one shard of a stateful DoFn, without a mesh around it.
 *
 * Owns: giving it elements, watermarks and processing time, and telling what it emitted. Each run is
 * committed; `reload` opens the shard anew from what was stored.
 */
import { Chain } from "../../functions/chain.ts";
import type { Envelope } from "../../functions/envelope.ts";
import { type EngineOptions, STATE_BYTES_MAX } from "../../functions/options.ts";
import type { Program } from "../../functions/program.ts";
import { type RunResult, runMessages } from "../../functions/run-bundle.ts";
import { nextCommit, openShard, type Shard } from "../../functions/shard.ts";
import {
  firestore,
  type KV,
  type Pipeline,
  pipeline,
  type StatefulDoFn,
  type WindowFnSpec,
  type WindowOptions,
} from "../../sdk/index.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, windowKey } from "../../sdk/model/window.ts";
import { windowsAssignerOf } from "../../sdk/windowing/window-fn.ts";
import { at, columnsOf, optionsOf, programFor, unitWorld } from "./builders.ts";

/** How the input of the DoFn is windowed. */
export type StatefulOptions = WindowOptions & {
  readonly windowFn?: WindowFnSpec;
  readonly engine?: Partial<EngineOptions>;
};

type AnyStateful = StatefulDoFn<KV<string, never>, unknown>;

/** A pipeline whose stateful DoFn emits texts. */
export function statefulPipeline(
  fn: AnyStateful,
  { windowFn = { kind: "global" }, engine: _, ...windowing }: StatefulOptions = {},
): Pipeline {
  return pipeline("stateful", (p) =>
    p
      .create<KV<string, never>>([])
      .windowInto(windowFn, windowing)
      .parDo(fn)
      .write(
        firestore.collection("out", {
          id: (value, { timestamp, pane }) => `${value} @${timestamp} ${pane.timing}`,
          fields: () => ({}),
        }),
      ),
  );
}

/** One shard of a stateful DoFn. */
export class StatefulUnderTest {
  readonly program: Program;
  readonly unit = unitWorld();
  nowMs = 1_000;
  /** What became dead letters, in order: its element and its error's code. */
  readonly dead: RunResult["dead"][number][] = [];
  /** Messages of the shard to itself in the last run. */
  self = 0;
  /** Callbacks for after the commit of the last run. */
  finalizers: RunResult["outputs"]["finalizers"] = [];
  shard: Shard | undefined;
  readonly #options: EngineOptions;
  readonly #chain: Chain;
  readonly #windowFn: WindowFnSpec;
  #sequence = 0;

  constructor(
    fn: AnyStateful,
    options: StatefulOptions = {},
    built: Pipeline = statefulPipeline(fn, options),
  ) {
    this.program = programFor(built, "shuffle");
    this.#options = optionsOf(options.engine);
    this.#chain = new Chain(this.program, this.#options);
    this.#windowFn = options.windowFn ?? { kind: "global" };
  }

  /** Gives elements `[key, value, time]`; returns what was emitted, `value @timestamp`, in order. */
  elements(...elements: [key: string, value: unknown, time: number][]): Promise<string[]> {
    return this.run(this.elementsOf(elements));
  }

  /** Moves the watermarks; the output watermark follows the holds, unless it is given. */
  async advance(input: number, output?: number): Promise<string[]> {
    const shard = await this.open();
    const held = Math.min(input, shard.keeper?.hold() ?? MAX_TIMESTAMP);
    const watermarks = { [this.program.stage.id]: [at(input), at(output ?? held)] as const };
    return this.run({ kind: "advance", watermarks });
  }

  /** Moves processing time on to `nowMs`. */
  pass(nowMs: number): Promise<string[]> {
    this.nowMs = nowMs;
    return this.run({ kind: "advance", watermarks: {}, nowMs });
  }

  /** Runs bodies of messages in one activation. */
  async run(...bodies: Envelope["body"][]): Promise<string[]> {
    const shard = await this.open();
    const envelopes = bodies.map((body) => this.#envelope(body));
    const { result, commit } = await this.#step(shard, envelopes);
    await this.unit.store.commitHead(commit);
    shard.version = commit.head.version;
    this.dead.push(...result.dead);
    this.self = result.self.length;
    this.finalizers = result.outputs.finalizers;
    return result.outputs.documents.map(({ id }) => id.replace(/ UNKNOWN$/, ""));
  }

  /** The body of a message with elements. */
  elementsOf(
    elements: [key: string, value: unknown, time: number][],
  ): Extract<Envelope["body"], { kind: "elements" }> {
    const assign = windowsAssignerOf(this.#windowFn);
    const keyOf = (time: number): string =>
      windowKey(assign(at(time), undefined, GLOBAL_WINDOW)[0] ?? GLOBAL_WINDOW);
    const byWindow = Map.groupBy(elements, ([, , time]) => keyOf(time));
    const windows = [...byWindow].map(([window, of]) => columnsOf(window, of as never));
    return { kind: "elements", windows };
  }

  async open(): Promise<Shard> {
    const ref = { stage: this.program.stage.id, shard: 0 };
    this.shard ??= await openShard(ref, this.program, this.unit.store, this.#options);
    return this.shard;
  }

  /** Forgets the open shard: the next run reads it from the store. */
  reload(): void {
    this.shard = undefined;
  }

  /** Ids of the entries that are stored, sorted. */
  async entries(): Promise<string[]> {
    const shard = await this.open();
    return [...shard.state.entries()].map(([id]) => id).sort();
  }

  /** The hold, the next event-time timer and the next processing time; undefined for none. */
  async waits(): Promise<(number | undefined)[]> {
    const { keeper } = await this.open();
    const times = [keeper?.hold(), keeper?.nextTimer(), keeper?.nextProcessingMs()];
    return times.map((time) => (time === MAX_TIMESTAMP ? undefined : time));
  }

  async #step(shard: Shard, envelopes: readonly Envelope[]) {
    const clock = { nowMs: () => this.nowMs, sleep: async () => {} };
    const context = {
      program: this.program,
      chain: this.#chain,
      clock,
      source: undefined,
      letters: new Map(),
    };
    const options = { ...context, options: this.#options };
    const result = await runMessages(shard, envelopes, new Map(), options);
    const { commit } = nextCommit(
      shard,
      { outbox: [], documents: [], letters: [], work: {}, flushCost: {} },
      "token",
      this.nowMs,
    );
    return { result, commit };
  }

  #envelope(body: Envelope["body"]): Envelope {
    const { plan, stage } = this.program;
    const sequence = this.#sequence++;
    const whole = { plan: plan.hash, producer: "p/0", stage: stage.id, shard: 0 };
    return { ...whole, sequence, minTime: MIN_TIMESTAMP, count: 1, body };
  }
}

/** A text that is just too large for one entry of the state. */
export const TOO_BIG: string = "x".repeat(STATE_BYTES_MAX + 1);
