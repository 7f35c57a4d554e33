/**
 * Calls: one instance's calls of ports. Each waits until the scheduler lets it go on, and any may fail.
 *
 * Owns: the faults of calls and of instances. Does not own: which faults a call may have
 * (instance-ports.ts, control-ports.ts), or what it does (watched-world.ts).
 *
 * IP1. A call is applied at one moment, and is answered at that moment or later.
 * IP2. After a crash nothing is answered; what was asked for before may still arrive.
 */
import { MeshError } from "../../../sdk/model/errors.ts";
import type { FaultName, Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";

/** A delivery that takes longer is given up: the message comes again. */
export const DEADLINE_MS = 5_000;

/** A slow call takes so much longer than the deadline, at most. */
export const SLOW_MS_MAX: number = DEADLINE_MS + 3_000;

/** Most calls are answered at once; the others within this. */
const LATENCY_MS = 50;

/** What an instance's calls are made of. */
export interface CallsInput {
  readonly life: Life;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly crash: (life: Life) => void;
  /** Whether another instance of the same stage has ever run: races may then be real. */
  readonly hasRival: () => boolean;
}

/** One call. */
export interface Call<T> {
  readonly name: string;
  readonly work: () => Promise<T>;
  /** Faults that fail the call before anything is done. */
  readonly refusals: readonly FaultName[];
  /** Faults that fail it after all is done. */
  readonly losses: readonly FaultName[];
}

/** The calls of one instance. */
export class Calls {
  readonly #input: CallsInput;

  constructor(input: CallsInput) {
    this.#input = input;
  }

  call<T>(call: Call<T>): Promise<T> {
    const { life, scheduler, faults } = this.#input;
    return new Promise((resolve, reject) => {
      if (life.isOver) return;
      const slowMs = faults.happens("call slow") ? this.#disturbed(DEADLINE_MS) : 0;
      const isSlowBefore = slowMs > 0 && faults.chance(0.5);
      const waitMs = isSlowBefore
        ? slowMs + faults.below(SLOW_MS_MAX - DEADLINE_MS)
        : this.#latencyMs();
      const answer = (outcome: string, settle: () => void): void => {
        const afterMs =
          slowMs > 0 && !isSlowBefore ? slowMs + faults.below(SLOW_MS_MAX - DEADLINE_MS) : 0;
        this.#answer(`${call.name} ${outcome}`, afterMs, settle);
      };
      // Counted where it is heard of, too: a delivery that came meanwhile may wait for the same answer.
      const fail = (error: MeshError): void => {
        life.disturbances++;
        reject(error);
      };
      scheduler.park(life.name, call.name, waitMs, () => {
        const refusal = this.#arrives(call);
        if (refusal === GONE) return;
        if (refusal !== undefined) return answer(refusal.code, () => fail(refusal));
        call.work().then(
          (value) => {
            const loss = this.#fault(call.losses, call.name);
            if (loss === undefined) answer("done", () => resolve(value));
            else answer("done, but unanswered", () => fail(loss));
          },
          (error: unknown) => {
            if (this.#input.hasRival()) life.disturbances++;
            answer(String(error), () => reject(error));
          },
        );
      });
    });
  }

  /** A sleep that a crash ends. */
  sleep(delayMs: number): Promise<void> {
    const { life, scheduler } = this.#input;
    return new Promise((resolve) => {
      scheduler.park(life.name, "sleep", delayMs, () => {
        if (!life.isOver) resolve();
      });
    });
  }

  unavailable(what: string): MeshError {
    this.#input.life.disturbances++;
    return new MeshError("ERR_UNAVAILABLE", `${what}: a fault of the simulation`);
  }

  /** A call comes to where it is applied; returns why it is not. */
  #arrives<T>({ name, work, refusals }: Call<T>): MeshError | typeof GONE | undefined {
    const { life, scheduler, faults } = this.#input;
    if (life.isOver) {
      if (!faults.chance(0.5)) return GONE;
      scheduler.note(`${life.name} ${name} arrives after the crash`);
      work().catch(() => {}); // Nobody is left to hear of it.
      return GONE;
    }
    if (life.callsLeft !== undefined && --life.callsLeft < 0) {
      this.#crash(name, "as it was to");
      return GONE;
    }
    if (faults.happens("crash")) {
      this.#crash(name, "before");
      return GONE;
    }
    return this.#fault(refusals, name);
  }

  #answer(what: string, afterMs: number, settle: () => void): void {
    const { life, scheduler, faults } = this.#input;
    if (life.isOver) return;
    scheduler.note(`${life.name} ${what}`);
    if (faults.happens("crash")) {
      this.#crash(what, "after");
      return;
    }
    const waitMs = afterMs > 0 ? afterMs : this.#latencyMs();
    if (waitMs === 0 && !faults.chance(0.3)) {
      settle();
      return;
    }
    scheduler.park(life.name, `answer of ${what}`, waitMs, () => {
      if (!life.isOver) settle();
    });
  }

  #crash(what: string, when: string): void {
    const { life, scheduler, crash } = this.#input;
    scheduler.note(`${life.name} crashes ${when} ${what}`);
    crash(life);
  }

  #fault(names: readonly FaultName[], call: string): MeshError | undefined {
    const { faults, life } = this.#input;
    const name = names.find((each) => faults.happens(each));
    if (name === undefined) return undefined;
    if (name !== "commit conflict") return this.unavailable(`${call}: ${name}`);
    life.disturbances++;
    return new MeshError("ERR_STORE_CONTENTION", `${call}: ${name}`);
  }

  #disturbed<T>(value: T): T {
    this.#input.life.disturbances++;
    return value;
  }

  #latencyMs(): number {
    const { faults } = this.#input;
    return faults.chance(0.15) ? faults.below(LATENCY_MS) : 0;
  }
}

/** The instance is no more. */
const GONE = Symbol("gone");
