/**
 * Read call: one call of a splittable read's `process`.
 *
 * Owns: what the author's code gives and says in the call, and what is left to read after it. Does
 * not own: attempts (attempts.ts), which reads are called (run-reads.ts).
 *
 * RC1. What a call gives and what it leaves are together its restriction: outputs, dead letters and
 *      the rest are gathered for one commit, or none is.
 * RC2. The watermark of what is left is never before that of what there was.
 */
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import type { AnySplittable, ReadContext } from "../../sdk/io/splittable/splittable.ts";
import type { WatermarkEstimator } from "../../sdk/io/splittable/watermark-estimator.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { NO_FIRING, type PaneInfo } from "../../sdk/model/pane.ts";
import { later, MIN_TIMESTAMP, type Timestamp, toTimestamp } from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, parseWindowKey, type Window } from "../../sdk/model/window.ts";
import type { Gathered } from "../gathered.ts";
import { decodePane } from "../pane-tracker.ts";
import type { RunContext } from "../run-bundle.ts";
import { placeOf, timestampError, userError } from "../user-errors.ts";
import { BoundedTracker } from "./bounded-tracker.ts";
import { type Read, withRestriction } from "./read.ts";
import type { ReadBudget } from "./read-budget.ts";

/** What a call is made with. */
export interface CallInput {
  readonly fn: AnySplittable;
  readonly read: Read;
  readonly budget: ReadBudget;
  readonly context: RunContext;
  /** Processing time as the shard was told, in ms: its own clock may be behind. */
  readonly nowMs: number;
  readonly into: Gathered;
}

/** What is left of a read after a call. */
export interface Rest {
  readonly read: Read;
  /** Processing time before which it does not go on, in ms; undefined: it goes on at once. */
  readonly dueMs: number | undefined;
}

/** How much was gathered at some moment. */
type Mark = readonly [items: number, dead: number];

/** Not all of the restriction was claimed, though `process` said that it is done. */
class Unfinished extends Error {}

/** One call of a splittable read's `process`. One that fails is taken back, and another one made. */
export class ReadCall implements ReadContext<unknown> {
  readonly #input: CallInput;
  readonly #element: unknown;
  readonly #window: Window;
  readonly #pane: PaneInfo;
  /** The time that outputs get by themselves; undefined: processing time. */
  readonly #timestamp: Timestamp | undefined;
  readonly #before: Mark;
  /** How much was gathered before the position that was claimed last. */
  #itemsBeforeClaim: number;
  #deadBeforeClaim: number;
  #tracker: BoundedTracker | undefined;
  #estimator: WatermarkEstimator | undefined;
  #isOver = false;
  /** The read as a checkpoint leaves it, but for its restriction. */
  #checkpoint: Read;

  constructor(input: CallInput) {
    const { fn, read, into } = input;
    const { element } = read;
    this.#input = input;
    this.#element = element === undefined ? undefined : anyCoder.decode(element.value);
    this.#window = element === undefined ? GLOBAL_WINDOW : parseWindowKey(element.window);
    this.#pane = element === undefined ? NO_FIRING : decodePane(element.pane);
    this.#timestamp = element?.timestamp ?? (fn.bounded ? MIN_TIMESTAMP : undefined);
    this.#before = [into.items.length, into.dead.length];
    [this.#itemsBeforeClaim, this.#deadBeforeClaim] = this.#before;
    this.#checkpoint = read;
  }

  /** Positions that were claimed. */
  get claims(): number {
    return this.#tracker?.claims ?? 0;
  }

  /** The restriction and the position that was claimed last, for people. */
  place(): object {
    const { fn } = this.#input;
    return {
      read: fn.name,
      ...(this.#element !== undefined && { element: this.#element }),
      restriction: this.#restriction(),
      ...(this.claims > 0 && { position: this.#tracker?.lastClaimed }),
    };
  }

  /**
   * Calls `process`; returns what is left.
   *
   * @throws what the author's code throws
   */
  async run(): Promise<Rest | undefined> {
    const tracker = this.#begin();
    const end = await this.#input.fn.process(this.#element, tracker, this);
    this.#isOver = true;
    const isResumed = end?.shouldResume === true;
    if (isResumed && tracker.isRefused) {
      throw new Error(
        "After tryClaim() gave false, process must return ProcessContinuation.stop().",
      );
    }
    if (isResumed) tracker.checkpoint();
    try {
      tracker.checkDone();
    } catch (cause) {
      throw new Unfinished(`process has ended, but not all was claimed. ${wordsOf(cause)}`, {
        cause,
      });
    }
    return this.#rest(isResumed ? end.resumeDelayMs : undefined);
  }

  /** Takes back what the call gave, and all that its author's code may still give. */
  takeBack(): void {
    this.#isOver = true;
    this.#cut(this.#before);
  }

  /**
   * Makes dead letters of what can't be read, and returns what can be gone on with: the position that
   * failed is left out, and all that was given before it counts.
   */
  giveUp(error: MeshError, attempts: number): Rest | undefined {
    this.#isOver = true;
    const { dead } = this.#input.into;
    const isUnfinished = error.cause instanceof Unfinished;
    if (!isUnfinished) this.#cut([this.#itemsBeforeClaim, this.#deadBeforeClaim]);
    dead.push({ error, attempts, element: this.place() });
    const tracker = this.#tracker;
    // No position is at fault, or none is left to go on from: the letter names all that is not read.
    if (isUnfinished || tracker === undefined || this.claims === 0) return undefined;
    try {
      tracker.checkpoint();
      if (tracker.residual === undefined) tracker.checkDone();
      return this.#rest(undefined);
    } catch (cause) {
      const lost = userError(this.#input.context.program.root, cause);
      dead.push({ error: lost, attempts, element: this.place() });
      return undefined;
    }
  }

  // Fields and no methods: an author may take the context apart.

  readonly output: ReadContext<unknown>["output"] = (value, options) => {
    this.#requireOpen("output");
    let timestamp = this.#timestamp;
    if (options?.timestamp !== undefined) {
      timestamp = toTimestamp(options.timestamp);
      const { element } = this.#input.read;
      if (element !== undefined && timestamp < element.timestamp) {
        throw timestampError(this.#input.context.program.root, timestamp, element.timestamp);
      }
    }
    timestamp ??= toTimestamp(this.nowMs());
    this.#estimator?.observe?.(timestamp);
    const { items } = this.#input.into;
    items.push({ value, timestamp, window: this.#window, pane: this.#pane });
  };

  readonly setAside: ReadContext<unknown>["setAside"] = (record, cause) => {
    this.#requireOpen("setAside");
    const error = userError(this.#input.context.program.root, cause);
    const what = record instanceof Uint8Array ? { data: record } : { element: record };
    this.#input.into.dead.push({ error, attempts: 1, ...what });
  };

  readonly setWatermark: ReadContext<unknown>["setWatermark"] = (watermark) => {
    this.#requireOpen("setWatermark");
    if (this.#estimator?.setWatermark === undefined) {
      const where = placeOf(this.#input.context.program.root);
      throw new MeshError(
        "ERR_USER_CODE",
        `${where}: setWatermark() needs a manual estimator: watermark: watermarkEstimators.manual().`,
      );
    }
    this.#estimator.setWatermark(toTimestamp(watermark));
  };

  readonly nowMs = (): number => Math.max(this.#input.nowMs, this.#input.context.clock.nowMs());

  #begin(): BoundedTracker {
    const { fn, read, budget } = this.#input;
    const { restriction = null, estimator } = read;
    const state = estimator === undefined ? undefined : anyCoder.decode(estimator);
    const timestamp = read.element?.timestamp ?? MIN_TIMESTAMP;
    this.#estimator = fn.watermark?.(state, { timestamp, nowMs: this.nowMs });
    const tracker = fn.newTracker(anyCoder.decode(restriction));
    this.#tracker = new BoundedTracker(
      tracker,
      budget,
      () => this.#noteClaim(),
      () => this.#noteCheckpoint(),
    );
    return this.#tracker;
  }

  #requireOpen(what: string): void {
    if (!this.#isOver && this.#tracker?.isRefused === false) return;
    const when = this.#isOver ? "process has ended" : "tryClaim() gave false";
    throw new Error(`${what}() after ${when}.`);
  }

  /** What the call has still to do; as it began, where the author's tracker can't say. */
  #restriction(): unknown {
    const { restriction = null } = this.#input.read;
    try {
      return this.#tracker?.currentRestriction() ?? anyCoder.decode(restriction);
    } catch {
      return anyCoder.decode(restriction);
    }
  }

  #noteClaim(): void {
    const { items, dead } = this.#input.into;
    this.#itemsBeforeClaim = items.length;
    this.#deadBeforeClaim = dead.length;
  }

  #noteCheckpoint(): void {
    if (this.#estimator === undefined) return;
    const { read } = this.#input;
    const watermark = later(read.watermark, this.#estimator.currentWatermark());
    this.#checkpoint = { ...read, watermark, estimator: anyCoder.encode(this.#estimator.state()) };
  }

  /** What was split off; one that did nothing and wants to go on waits for the next tick. */
  #rest(resumeDelayMs: number | undefined): Rest | undefined {
    const residual = this.#tracker?.residual;
    if (residual === undefined) return undefined;
    const read = withRestriction(this.#checkpoint, residual.restriction);
    if (resumeDelayMs === undefined) return { read, dueMs: undefined };
    const { tickMs } = this.#input.context.options;
    const delayMs = this.claims > 0 ? resumeDelayMs : Math.max(resumeDelayMs, tickMs);
    return { read, dueMs: delayMs === 0 ? undefined : this.nowMs() + delayMs };
  }

  #cut([items, dead]: Mark): void {
    this.#input.into.items.length = items;
    this.#input.into.dead.length = dead;
  }
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
