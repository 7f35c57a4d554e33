/**
 * Operator: a person who controls the job from a command line, and gives a command again until it is
 * done.
 *
 * Owns: trying again, and ending a command in the midst of it. Does not own: what a command does
 * (functions/control/).
 */
import type { JobControl } from "../../../functions/control/job-control.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import { SLOW_MS_MAX } from "./calls.ts";
import type { Life } from "./life.ts";
import type { Lives } from "./lives.ts";
import type { Scheduler } from "./scheduler.ts";

/** After so long a person gives the command again: by then nothing that it asked for is under way. */
const AGAIN_MS = SLOW_MS_MAX + 2_000;

const PASSING: ReadonlySet<string> = new Set([
  "ERR_UNAVAILABLE",
  "ERR_STORE_CONTENTION",
  "ERR_UPDATE_TIMEOUT",
]);

/**
 * So often a command is given whose own calls fail. It may make a hundred, of which in some worlds one
 * in twenty ends it: that it is not done by then says nothing of the engine.
 */
const FAULTY_TIMES = 100;

/** So often in all: with its own calls spared it is soon done, whatever happens beside it. */
const TIMES_MAX = 120;

/** A command is given again and again, and never done. */
export class NeverDone extends Error {}

/** What a command works with: `world` alone was there before jobs were controlled. */
export interface OperatorInput {
  readonly lives: Lives;
  readonly scheduler: Scheduler;
  /** What a command gets, of the plan that is in place. */
  readonly controlOf: (life: Life) => JobControl;
}

/** A person at a command line. */
export class Operator {
  readonly #input: OperatorInput;

  constructor(input: OperatorInput) {
    this.#input = input;
  }

  /** Does what a person does from a command line: at once again until it is done. */
  async atOnce<T>(work: (control: JobControl) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#input.scheduler.during(this.#try(work));
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
    }
  }

  /**
   * Gives a command until it is done, while the mesh goes on.
   *
   * @param cutOffAfter - calls after which the first try ends; undefined: it does not
   * @throws NeverDone
   */
  async untilDone<T>(work: (control: JobControl) => Promise<T>, cutOffAfter?: number): Promise<T> {
    for (let times = 0; times < TIMES_MAX; times++) {
      const isSpared = times >= FAULTY_TIMES;
      const done = await this.once(work, times === 0 ? cutOffAfter : undefined, isSpared);
      if (done !== undefined) return done.value;
    }
    throw new NeverDone(`a command was given ${TIMES_MAX} times, and never done`);
  }

  /** Gives a command once; undefined: it failed, and nothing that it asked for is under way any more. */
  async once<T>(
    work: (control: JobControl) => Promise<T>,
    cutOffAfter?: number,
    isSpared = false,
  ): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await this.#try(work, cutOffAfter, isSpared) };
    } catch (error) {
      if (!isPassing(error)) throw error;
      await this.wait(AGAIN_MS);
      return undefined;
    }
  }

  #try<T>(
    work: (control: JobControl) => Promise<T>,
    cutOffAfter?: number,
    isSpared = false,
  ): Promise<T> {
    const { lives, controlOf } = this.#input;
    const life = lives.pick();
    life.callsLeft = cutOffAfter;
    life.isSpared = isSpared;
    const ended = new Promise<never>((_, refuse) => life.out.add(refuse));
    return Promise.race([work(controlOf(life)), ended]);
  }

  /** Lets time go by, while the mesh goes on. */
  wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#input.scheduler.park("operator", "waits", delayMs, resolve);
    return promise;
  }
}

function isPassing(error: unknown): boolean {
  return isMeshError(error) && PASSING.has(error.code);
}
