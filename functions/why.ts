/**
 * Why: what holds each watermark that stands, by name. Pure: snapshot → explanation.
 *
 * Owns: which terms of the formula (watermark.ts) bind, and what each of them waits for. Does not
 * own: the formula itself, or the words that people read (cli/).
 *
 * What is explained is the moment after a tick: the terms are those that the next tick will meet.
 *
 * W4. An output watermark below MAX has at least one cause, and every cause leads to a root: a source,
 *     something in flight, or a shard that waits for time or has not yet acted.
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import type { WatermarkPolicy } from "../sdk/io/source-spec.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { ShardProgress } from "./head.ts";
import { type Job, type JobState, sideKey, sourceOf, standsStill, watermarksOf } from "./job.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "./options.ts";
import type { MeshSnapshot } from "./ports.ts";
import { confirmed, openRegisters } from "./registers.ts";
import { NEW_SOURCE } from "./source-watermark.ts";
import { computeStep, decodeJob, type Step } from "./tracker.ts";
import { type Send, sendsInFlight, stageOf } from "./watermark.ts";

/** What a shard that holds a timestamp waits for. */
export type Wait =
  /** Its stage's input watermark must pass this time. */
  | { readonly for: "watermark"; readonly until: Timestamp }
  /** The watermark of a side input must pass this time. */
  | { readonly for: "side input"; readonly side: string; readonly until: Timestamp }
  /** Processing time, in ms; synchronized: nothing older may still come from the stages before. */
  | { readonly for: "time"; readonly atMs: number; readonly isSynchronized: boolean }
  /** A message to itself, with what is left of its work. */
  | { readonly for: "message" }
  /** It has work that is due; the tracker told it so at `toldMs` (undefined: not yet). */
  | { readonly for: "activation"; readonly toldMs: number | undefined };

/** One thing that keeps a watermark where it is. */
export type Cause =
  /** The job as a whole stands still. */
  | { readonly kind: "job"; readonly state: JobState }
  /** What the source's policy has seen. */
  | {
      readonly kind: "source";
      readonly stage: string;
      readonly time: Timestamp;
      readonly policy: WatermarkPolicy;
      /** Processing time since the last message (or the launch), in ms. */
      readonly silentMs: number;
      readonly hasEvents: boolean;
    }
  /** Another stage's output watermark. */
  | { readonly kind: "stage"; readonly stage: string; readonly time: Timestamp }
  /** Bundles of a shard on their way. */
  | {
      readonly kind: "in flight";
      readonly from: string;
      readonly to: string;
      readonly bundles: number;
      readonly time: Timestamp;
    }
  /** A group commit of an ingest instance that has not arrived. */
  | {
      readonly kind: "register";
      readonly stage: string;
      readonly instance: string;
      readonly to: string;
      readonly time: Timestamp;
      readonly ageMs: number;
      /** If not, its messages may come again, and the register is dropped after `timeoutMs`. */
      readonly isConfirmed: boolean;
      readonly timeoutMs: number;
    }
  /** A shard's own hold. */
  | {
      readonly kind: "hold";
      readonly stage: string;
      readonly shard: number;
      readonly time: Timestamp;
      readonly of: "panes" | "state" | "reads" | "elements";
      readonly waits: readonly Wait[];
    };

/** Why one stage's output watermark stands where it is. */
export interface StageWhy {
  readonly stage: string;
  readonly output: Timestamp;
  /** Whether the next tick moves it. */
  readonly moves: boolean;
  /** What binds it now; empty at MAX alone. The earliest first. */
  readonly causes: readonly Cause[];
  /** Where the causes lead: never a `stage`, never a hold that only waits for watermarks. */
  readonly roots: readonly Cause[];
}

/** Why a mesh stands where it is. */
export interface Why {
  readonly stages: readonly StageWhy[];
  /** Where every watermark is at MAX and the job is not yet DONE: what is still in flight. */
  readonly unfinished: readonly Cause[];
}

/**
 * Explains the watermarks of a snapshot.
 *
 * @throws ERR_PLAN_MISMATCH if the snapshot is of another plan
 */
export function explain(
  plan: MeshPlan,
  snapshot: MeshSnapshot,
  nowMs: number,
  options: EngineOptions = DEFAULT_OPTIONS,
): Why {
  if (snapshot.job === undefined) return { stages: [], unfinished: [] };
  const stored = decodeJob(snapshot.job.text, plan);
  const step = computeStep({ plan, options }, snapshot, stored, nowMs);
  const asker = new Asker({ plan, options, snapshot, stored, step, nowMs });
  const stages = plan.stages.map(({ id }) => asker.stage(id));
  const isAtEnd = stages.every(({ output }) => output === MAX_TIMESTAMP);
  const isOver = step.job.state === "DONE" || !isAtEnd;
  return { stages, unfinished: isOver ? [] : asker.inFlight() };
}

interface Asked {
  readonly plan: MeshPlan;
  readonly options: EngineOptions;
  readonly snapshot: MeshSnapshot;
  readonly stored: Job;
  readonly step: Step;
  readonly nowMs: number;
}

/** Answers for one snapshot. */
class Asker {
  readonly #asked: Asked;
  readonly #sends: readonly Send[];
  readonly #confirmed: ReadonlySet<string>;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#sends = [...sendsInFlight(asked.step.view)];
    const all = openRegisters(asked.snapshot, asked.stored);
    this.#confirmed = new Set(confirmed(all, all).map(({ producer, index }) => producer + index));
  }

  stage(id: string): StageWhy {
    const { stored, step } = this.#asked;
    const output = watermarksOf(step.job, id)[1];
    const [, before] = watermarksOf(stored, id);
    if (output === MAX_TIMESTAMP) {
      return { stage: id, output, moves: before < output, causes: [], roots: [] };
    }
    if (standsStill(stored)) {
      const causes: Cause[] = [{ kind: "job", state: stored.state }];
      return { stage: id, output: before, moves: false, causes, roots: causes };
    }
    const causes = this.#causes(id);
    return { stage: id, output, moves: before < output, causes, roots: this.#rootsOf(causes) };
  }

  /** All that is in flight, late bundles too. */
  inFlight(): Cause[] {
    return this.#sends.map((send) => this.#inFlight(send));
  }

  /** What binds a stage's output watermark. */
  #causes(id: string): Cause[] {
    const { plan, stored, step, nowMs } = this.#asked;
    const stage = plan.stages.find((each) => each.id === id);
    if (stage === undefined) return [];
    const [input, output] = watermarksOf(step.job, id);
    if (stage.ingest !== undefined) {
      const { lastAtMs, maxTime, slices } = sourceOf(step.job, id);
      const silentMs = nowMs - (lastAtMs === 0 ? stored.launchedAtMs : lastAtMs);
      const hasEvents = slices.length > 0 || maxTime > NEW_SOURCE.maxTime;
      const { watermark: policy } = stage.ingest;
      return [{ kind: "source", stage: id, time: output, policy, silentMs, hasEvents }];
    }
    const own = stage.kind === "read" ? [] : this.#holds(stage, output);
    const causes = input <= output ? [...own, ...this.#causesOfInput(stage)] : own;
    return causes.sort(earliestFirst);
  }

  /** What binds the input watermark of a stage with shards. */
  #causesOfInput(stage: StagePlan): Cause[] {
    const { plan, step } = this.#asked;
    const [input] = watermarksOf(step.job, stage.id);
    const before = plan.edges.filter(({ to }) => to === stage.id);
    const sides = new Set(before.flatMap(({ from, side }) => (side === undefined ? [] : [from])));
    const main = before.flatMap(({ from, side }) => (side === undefined ? [from] : []));
    const causes = this.#arrivals(stage.id, main, (from) => !sides.has(from), input);
    return stage.kind === "read" ? [...causes, ...this.#holds(stage, input)] : causes;
  }

  /** What binds the watermark of a side input. */
  #causesOfSide(stage: string, side: string): Cause[] {
    const { plan, step } = this.#asked;
    const from = plan.edges.flatMap((e) => (e.to === stage && e.side === side ? [e.from] : []));
    const [watermark] = watermarksOf(step.job, sideKey(stage, side));
    return this.#arrivals(stage, from, (each) => from.includes(each), watermark);
  }

  /** Stages before, and what is in flight from some of them, as far as they bind a watermark. */
  #arrivals(
    stage: string,
    before: readonly string[],
    counts: (from: string) => boolean,
    watermark: Timestamp,
  ): Cause[] {
    const { step } = this.#asked;
    const causes: Cause[] = [];
    for (const from of new Set(before)) {
      const [, time] = watermarksOf(step.job, from);
      if (time < MAX_TIMESTAMP && time <= watermark) {
        causes.push({ kind: "stage", stage: from, time });
      }
    }
    for (const send of this.#sends) {
      if (stageOf(send.to) !== stage || !counts(send.from)) continue;
      const { minTime } = send;
      if (minTime < MAX_TIMESTAMP && minTime <= watermark) causes.push(this.#inFlight(send));
    }
    return causes;
  }

  #inFlight({ producer, to, bundles, minTime: time, register }: Send): Cause {
    if (register === undefined) return { kind: "in flight", from: producer, to, bundles, time };
    const { stage, index, atMs } = register;
    const ageMs = this.#asked.nowMs - atMs;
    const isConfirmed = this.#confirmed.has(producer + index);
    const timeoutMs = this.#asked.options.registerTimeoutMs;
    return { kind: "register", stage, instance: producer, to, time, ageMs, isConfirmed, timeoutMs };
  }

  /** Shards of a stage that hold back a time at or before `watermark`. */
  #holds(stage: StagePlan, watermark: Timestamp): Cause[] {
    const causes: Cause[] = [];
    for (let shard = 0; shard < stage.shards; shard++) {
      const head = this.#asked.step.view.heads.get(`${stage.id}/${shard}`);
      if (head === undefined || head.hold === MAX_TIMESTAMP || head.hold > watermark) continue;
      const waits = this.#waits(stage, shard, head);
      const of = holdOf(stage);
      causes.push({ kind: "hold", stage: stage.id, shard, time: head.hold, of, waits });
    }
    return causes;
  }

  #waits(stage: StagePlan, shard: number, head: ShardProgress): Wait[] {
    const { step, nowMs } = this.#asked;
    const [input] = watermarksOf(step.job, stage.id);
    const { nextTimer, nextProcessingMs: atMs, nextSynchronizedMs } = head;
    const sides = this.#sideTimers(stage.id, head);
    const waits: Wait[] = sides.filter(({ isDue }) => !isDue).map(({ wait }) => wait);
    // What a read stage has still to read is a part of its input watermark, and waits for none.
    const isTimerSet = nextTimer < MAX_TIMESTAMP && stage.kind !== "read";
    if (isTimerSet && nextTimer >= input) waits.push({ for: "watermark", until: nextTimer });
    if (atMs > nowMs && atMs < MAX_TIMESTAMP) {
      waits.push({ for: "time", atMs, isSynchronized: false });
    }
    if (nextSynchronizedMs < MAX_TIMESTAMP) {
      waits.push({ for: "time", atMs: nextSynchronizedMs, isSynchronized: true });
    }
    const isDue = nextTimer < input || atMs <= nowMs || sides.some((side) => side.isDue);
    return isDue || waits.length === 0 ? [...waits, this.#act(`${stage.id}/${shard}`)] : waits;
  }

  #sideTimers(stage: string, head: ShardProgress): { wait: Wait; isDue: boolean }[] {
    return Object.entries(head.sideTimers ?? {}).flatMap(([side, until]) => {
      if (until === MAX_TIMESTAMP) return [];
      const [known] = watermarksOf(this.#asked.step.job, sideKey(stage, side));
      return { wait: { for: "side input", side, until } as const, isDue: until < known };
    });
  }

  /** What makes a shard go on that has something to do. */
  #act(key: string): Wait {
    const isOnItsWay = this.#sends.some(({ producer, to }) => producer === key && to === key);
    if (isOnItsWay) return { for: "message" };
    return { for: "activation", toldMs: this.#asked.step.job.advanced[key]?.[1] };
  }

  /** Follows causes to what no other watermark explains. */
  #rootsOf(causes: readonly Cause[]): Cause[] {
    const roots = new Map<string, Cause>();
    const seen = new Set<string>();
    const follow = (each: readonly Cause[]): void => {
      for (const cause of each) {
        const name = JSON.stringify(cause);
        if (seen.has(name)) continue;
        seen.add(name);
        const { isRoot, behind } = this.#behind(cause);
        if (isRoot) roots.set(name, cause);
        follow(behind);
      }
    };
    follow(causes);
    return [...roots.values()].sort(earliestFirst);
  }

  /** What a cause follows from; a root follows from nothing that has a watermark. */
  #behind(cause: Cause): { isRoot: boolean; behind: Cause[] } {
    if (cause.kind === "stage") return { isRoot: false, behind: this.#causes(cause.stage) };
    if (cause.kind !== "hold") return { isRoot: true, behind: [] };
    const { stage: id, waits } = cause;
    const stage = this.#asked.plan.stages.find((each) => each.id === id);
    const behind = waits.flatMap((wait) => {
      if (wait.for === "side input") return this.#causesOfSide(id, wait.side);
      const follows = wait.for === "watermark" || (wait.for === "time" && wait.isSynchronized);
      return follows && stage !== undefined ? this.#causesOfInput(stage) : [];
    });
    const isOwn = waits.some(({ for: what }) => what !== "watermark" && what !== "side input");
    const isRoot = behind.length === 0 || isOwn;
    return { isRoot, behind };
  }
}

function holdOf({ kind, shuffle }: StagePlan): Extract<Cause, { kind: "hold" }>["of"] {
  if (kind === "read" || shuffle?.kind === "readEach") return "reads";
  if (shuffle?.kind === "statefulParDo") return "state";
  return shuffle?.kind === "awaitSideInputs" ? "elements" : "panes";
}

function timeOf(cause: Cause): Timestamp {
  return cause.kind === "job" ? MAX_TIMESTAMP : cause.time;
}

function earliestFirst(a: Cause, b: Cause): number {
  return timeOf(a) - timeOf(b);
}
