/**
 * Lives: the instances of one stage, or of the tracker.
 *
 * Owns: which instance takes a delivery, and when instances start and end. Does not own: what goes
 * wrong with their calls (instance-ports.ts).
 */
import { MeshError } from "../../../sdk/model/errors.ts";
import type { Faults } from "./faults.ts";
import type { Handler, Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";

/** A second instance ends with about every fifth delivery, as platforms take idle ones away. */
const SCALES_IN_SHARE = 0.2;

/** The instances of one stage, or of the tracker. */
export class Lives {
  readonly stage: string;
  /** Instances ever started. */
  started = 0;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #skewMsMax: number;
  readonly #start: (life: Life) => Handler;
  #live: Life[] = [];

  /**
   * @param clockSkewMs - how far two clocks may be apart
   * @param start - makes what an instance runs
   */
  constructor(
    stage: string,
    scheduler: Scheduler,
    faults: Faults,
    clockSkewMs: number,
    start: (life: Life) => Handler,
  ) {
    this.stage = stage;
    this.#scheduler = scheduler;
    this.#faults = faults;
    this.#skewMsMax = clockSkewMs / 2;
    this.#start = start;
  }

  /** Returns the instance that takes the next delivery. */
  pick(): Life {
    const faults = this.#faults;
    if (this.#live.length === 0) this.#begin();
    else if (faults.happens("cold start")) this.replace();
    else if (this.#live.length === 1 && faults.happens("two instances")) this.#begin();
    else if (this.#live.length > 1 && faults.chance(SCALES_IN_SHARE)) this.#live.shift();
    return this.#live[faults.below(this.#live.length)] ?? this.#begin();
  }

  /** Puts a new instance in the place of all: those finish what they have begun. */
  replace(): void {
    this.#live = [];
    this.#begin();
  }

  /** Ends an instance; its deliveries come again, to another. */
  crash(life: Life): void {
    if (life.isOver) return;
    life.isOver = true;
    life.disturbances++;
    this.#live = this.#live.filter((each) => each !== life);
    const gone = new MeshError("ERR_UNAVAILABLE", `${life.name} has ended.`);
    for (const refuse of life.out) refuse(gone);
    life.out.clear();
  }

  /** Ends all instances. */
  crashAll(): void {
    for (const life of this.#live) this.crash(life);
  }

  #begin(): Life {
    const faults = this.#faults;
    const skewMs = faults.happens("clock skew")
      ? faults.below(2 * this.#skewMsMax + 1) - this.#skewMsMax
      : 0;
    const name = `${this.stage} ${++this.started}`;
    const life: Life = {
      name,
      stage: this.stage,
      skewMs,
      handler: undefined,
      isOver: false,
      disturbances: 0,
      out: new Set(),
    };
    life.handler = this.#start(life);
    this.#live.push(life);
    this.#scheduler.note(`${name} starts`);
    return life;
  }
}
