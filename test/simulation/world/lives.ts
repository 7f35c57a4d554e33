/**
 * Lives: the instances of one stage, or of the tracker.
 *
 * Owns: which instance takes a delivery, and when instances start and end. Does not own: what goes
 * wrong with their calls (instance-ports.ts).
 */
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import { MeshError } from "../../../sdk/model/errors.ts";
import type { Faults } from "./faults.ts";
import type { Handler, Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";

/** A second instance ends with about every fifth delivery, as platforms take idle ones away. */
const SCALES_IN_SHARE = 0.2;

/** What lives have in common. */
export interface LivesInput {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  /** How far two clocks may be apart, in ms. */
  readonly clockSkewMs: number;
}

/** Whose lives they are. */
export interface LivesOf {
  readonly stage: string;
  readonly plan: MeshPlan;
  /** How they are called in the trace. */
  readonly name: string;
}

/** Makes what an instance runs. */
export type Start = (life: Life, lives: Lives) => Handler;

/** The instances of one stage, or of the tracker. */
export class Lives {
  /** Instances ever started. */
  started = 0;
  readonly #of: LivesOf;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #skewMsMax: number;
  readonly #start: Start;
  #live: Life[] = [];

  constructor(of: LivesOf, { scheduler, faults, clockSkewMs }: LivesInput, start: Start) {
    this.#of = of;
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
    const { stage, plan } = this.#of;
    const name = `${this.#of.name} ${++this.started}`;
    const life: Life = {
      name,
      stage,
      plan,
      skewMs,
      handler: undefined,
      isOver: false,
      disturbances: 0,
      callsLeft: undefined,
      isSpared: false,
      out: new Set(),
    };
    life.handler = this.#start(life, this);
    this.#live.push(life);
    this.#scheduler.note(`${name} starts`);
    return life;
  }
}
