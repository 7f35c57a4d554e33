/**
 * Scheduler: everything that may go on waits in one queue, and the seed decides what goes on next.
 *
 * Owns: virtual time, the order of steps, and the trace of a run. Does not own: what a step does.
 *
 * SC1. A step is taken only when nothing else can run: all that the step before set going has come
 *      to its next wait.
 * SC2. Time moves only when nothing is left that may go on now.
 * SC3. The same seed gives the same steps: nothing here depends on real time.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Heap } from "../../../functions/heap.ts";
import type { Random } from "../../../functions/ports.ts";

/** Something that waits. */
export interface Parked {
  /** Who goes on: a stage's instance, a mailbox, the tracker. */
  readonly who: string;
  readonly what: string;
  readonly atMs: number;
  readonly order: number;
  readonly go: () => void;
  isCancelled: boolean;
}

/** How the next step is chosen of those that may go on; the seed decides which way a run takes. */
type Choice = "any" | "oldest" | "newest" | "starving";

const CHOICES: readonly Choice[] = ["any", "any", "oldest", "newest", "starving"];

/** Steps that a failure shows. */
const RING_STEPS = 60;
/** After so many steps the process takes a turn: signals and messages of other threads get in. */
const TURN_STEPS = 20_000;

/** One queue of everything that may go on. */
export class Scheduler {
  nowMs: number;
  steps = 0;
  /** What ends the run. */
  failure: unknown;
  /** Told of each line of the trace. */
  onLine: ((line: string) => void) | undefined;
  readonly #random: Random;
  readonly #choice: Choice;
  readonly #starved: number;
  readonly #usesFiles: boolean;
  readonly #ready: Parked[] = [];
  readonly #later = new Heap<Parked>((a, b) =>
    a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs,
  );
  readonly #ring: string[] = [];
  #order = 0;
  #hash = 0x811c9dc5;

  constructor(startMs: number, random: Random, usesFiles: boolean) {
    this.nowMs = startMs;
    this.#random = random;
    this.#usesFiles = usesFiles;
    this.#choice = CHOICES[Math.floor(random.fraction() * CHOICES.length)] ?? "any";
    this.#starved = Math.floor(random.fraction() * 8);
  }

  /** Depends on every line of the trace. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The last lines of the trace. */
  get lastLines(): readonly string[] {
    return [...this.#ring];
  }

  /** Lets `go` run once it is chosen, not before `afterMs` have passed. */
  park(who: string, what: string, afterMs: number, go: () => void): Parked {
    const atMs = this.nowMs + Math.max(0, afterMs);
    const parked = { who, what, atMs, order: this.#order++, go, isCancelled: false };
    if (atMs <= this.nowMs) this.#ready.push(parked);
    else this.#later.push(parked);
    return parked;
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    const line = `${this.nowMs} ${text}`;
    for (let i = 0; i < line.length; i++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    }
    this.#ring.push(line);
    if (this.#ring.length > RING_STEPS) this.#ring.shift();
    this.onLine?.(line);
  }

  /** Steps until nothing is left to do, or until virtual time has come to `untilMs`. */
  async run(untilMs: number): Promise<void> {
    await this.#stepUntil(() => false, untilMs);
    if (Number.isFinite(untilMs)) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Steps until `work` has come to its end. @throws if nothing is left that could end it */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    work.then(end, end);
    await this.#stepUntil(() => isOver, Number.POSITIVE_INFINITY);
    if (!isOver) throw new Error("Nothing is left to do, and what was waited for has not ended.");
    return work;
  }

  async #stepUntil(isEnough: () => boolean, untilMs: number): Promise<void> {
    for (;;) {
      await this.#dry();
      if (this.failure !== undefined) throw this.failure;
      if (isEnough()) return;
      const next = this.#next(untilMs);
      if (next === undefined) return;
      this.steps++;
      if (this.steps % TURN_STEPS === 0) await nextTurn();
      next.go();
    }
  }

  /** Waits until nothing runs: what is queued by `nextTick` in a microtask comes after all of them. */
  async #dry(): Promise<void> {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (!this.#usesFiles) return;
    while (process.getActiveResourcesInfo().some(isOfFiles)) {
      await nextTurn();
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
  }

  #next(untilMs: number): Parked | undefined {
    for (;;) {
      this.#wake();
      const chosen = this.#take();
      if (chosen !== undefined) return chosen;
      const { atMs = Number.POSITIVE_INFINITY } = this.#later.peek() ?? {};
      if (atMs > untilMs || atMs === Number.POSITIVE_INFINITY) return undefined;
      this.nowMs = atMs;
    }
  }

  /** Moves what is due by now to what may go on; forgets what was cancelled. */
  #wake(): void {
    for (;;) {
      const first = this.#later.peek();
      if (first === undefined || (!first.isCancelled && first.atMs > this.nowMs)) return;
      this.#later.pop();
      if (!first.isCancelled) this.#ready.push(first);
    }
  }

  #take(): Parked | undefined {
    for (;;) {
      if (this.#ready.length === 0) return undefined;
      const index = this.#index();
      const [chosen] = this.#ready.splice(index, 1);
      if (chosen !== undefined && !chosen.isCancelled) return chosen;
    }
  }

  #index(): number {
    const { length } = this.#ready;
    if (length === 1) return 0;
    const any = Math.floor(this.#random.fraction() * length);
    // Now and then another one, so that no way is ruled out.
    if (this.#choice === "any" || this.#random.fraction() < 0.1) return any;
    if (this.#choice === "oldest") return 0;
    if (this.#choice === "newest") return length - 1;
    return this.#isStarved(this.#ready[any]) ? Math.floor(this.#random.fraction() * length) : any;
  }

  /** One in eight of those who go on gets its turn less often, the same ones in the whole run. */
  #isStarved(parked: Parked | undefined): boolean {
    let sum = 0;
    for (const char of parked?.who ?? "") sum += char.charCodeAt(0);
    return sum % 8 === this.#starved;
  }
}

function isOfFiles(resource: string): boolean {
  return resource.startsWith("FSReq") || resource === "CloseReq";
}
