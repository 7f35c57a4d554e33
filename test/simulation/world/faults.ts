/**
 * Faults: what goes wrong in a world, each a number that can be switched on alone.
 *
 * Owns: the table, and when a fault happens. Does not own: what it does to a call (calls.ts), a delivery
 * (subscription.ts), or a tick (simulated-mesh.ts).
 */
import { seededRandom } from "../../../emulators/memory/seeded-random.ts";
import type { Random } from "../../../functions/ports.ts";

/** One kind of fault. */
export interface FaultKind {
  readonly number: number;
  /** How likely it is for each call, delivery or tick that it may hit. */
  readonly probability: number;
  readonly does: string;
}

/** All faults, by name. Numbers never change: replay commands name them. */
export const FAULTS = {
  "delivery duplicate": {
    number: 1,
    probability: 0.06,
    does: "a message that was acknowledged comes again; of an ordering key, those before it too",
  },
  "delivery reordered": {
    number: 2,
    probability: 0.08,
    does: "a message without ordering key comes after later ones",
  },
  "delivery delayed": {
    number: 3,
    probability: 0.1,
    does: "a message, and those after it of its key, comes up to 3 s late",
  },
  "acknowledgement lost": {
    number: 4,
    probability: 0.03,
    does: "the engine is done, and the message comes again after the deadline",
  },
  "delivery overlapping": {
    number: 5,
    probability: 0.05,
    does: "a message comes again while the first delivery still runs",
  },
  "delivery refused": {
    number: 6,
    probability: 0.03,
    does: "the platform finds no instance: the message comes again",
  },
  "publish refused": { number: 7, probability: 0.04, does: "nothing is stored" },
  "publish unanswered": {
    number: 8,
    probability: 0.04,
    does: "everything is stored, and the answer says that it is not known",
  },
  "publish partial": {
    number: 9,
    probability: 0.05,
    does: "some messages are stored, and the answer says that it is not known",
  },
  "commit conflict": {
    number: 10,
    probability: 0.03,
    does: "a commit is refused as if another had won",
  },
  "commit unanswered": {
    number: 11,
    probability: 0.04,
    does: "a commit is applied, and the answer says that it is not known",
  },
  "commit refused": { number: 12, probability: 0.03, does: "a commit fails, nothing is applied" },
  "store refused": {
    number: 13,
    probability: 0.02,
    does: "any other call of the store fails, nothing is done",
  },
  "write unanswered": {
    number: 14,
    probability: 0.03,
    does: "a register, or what a launch writes, is stored, and the answer says that it is not known",
  },
  "call slow": {
    number: 15,
    probability: 0.004,
    does: "a call takes longer than the delivery's deadline: the message comes again, and the old activation goes on as a zombie",
  },
  crash: {
    number: 16,
    probability: 0.006,
    does: "an instance ends at a call; what it had asked for may still arrive, nothing else happens; its deliveries come again",
  },
  "two instances": {
    number: 17,
    probability: 0.05,
    does: "a second instance of a stage takes some of the deliveries, of the same shards too",
  },
  "cold start": {
    number: 18,
    probability: 0.04,
    does: "a new instance takes over between two deliveries, with empty caches",
  },
  "clock skew": {
    number: 19,
    probability: 0.4,
    does: "an instance's clock is wrong, so that no two are further apart than the engine's clockSkewMs",
  },
  "tick late": { number: 20, probability: 0.2, does: "a tick comes up to 5 s late" },
  "tick twice": {
    number: 21,
    probability: 0.1,
    does: "a tick comes twice, and both may run at once",
  },
  "tick missing": { number: 22, probability: 0.04, does: "a tick that was asked for never comes" },
  "sink half": {
    number: 23,
    probability: 0.06,
    does: "a sink takes some of what it is given, or all of it, and fails",
  },
  "two plan generations": {
    number: 24,
    probability: 0.08,
    does: "after an update an instance of an earlier plan, warm or new, takes a delivery or a tick",
  },
  "tick refused": { number: 25, probability: 0.03, does: "asking for a tick fails" },
  "control refused": {
    number: 26,
    probability: 0.02,
    does: "stopping, starting or taking back subscriptions fails, nothing is done",
  },
  "control unanswered": {
    number: 27,
    probability: 0.02,
    does: "it is done, and the answer says that it is not known",
  },
  "control partial": {
    number: 28,
    probability: 0.03,
    does: "some of the subscriptions are stopped, started or emptied, and then it fails",
  },
} as const satisfies Record<string, FaultKind>;

/** A fault's name. */
export type FaultName = keyof typeof FAULTS;

/** All names, by number. */
export const FAULT_NAMES: readonly FaultName[] = (Object.keys(FAULTS) as FaultName[]).toSorted(
  (a, b) => FAULTS[a].number - FAULTS[b].number,
);

/** How often each fault happened. */
export type FaultCounts = Partial<Record<FaultName, number>>;

/** Later ones are chosen by draws of their own, so that old seeds stay what they were. */
const FIRST_FAULTS_MAX = 25;

/** One seed in so many has every fault; the others each a part of them, more or less often. */
const ALL_FAULTS_SHARE = 0.3;

/** When faults happen, decided by a seed. */
export class Faults {
  isOn = true;
  readonly counts: FaultCounts = {};
  readonly #random: Random;
  readonly #probabilities = new Map<FaultName, number>();

  /** @param only - the faults that may happen; all where left out */
  constructor(seed: number, only?: ReadonlySet<FaultName>) {
    this.#random = seededRandom(seed * 7_919 + 17);
    const ofLater = seededRandom(seed * 104_729 + 5);
    const hasAll = only !== undefined || this.#random.fraction() < ALL_FAULTS_SHARE;
    for (const name of FAULT_NAMES) {
      const random = FAULTS[name].number > FIRST_FAULTS_MAX ? ofLater : this.#random;
      const isChosen = random.fraction() < 0.6;
      const factor = [0.5, 1, 2, 4][Math.floor(random.fraction() * 4)] ?? 1;
      const isIn = only?.has(name) ?? (hasAll || isChosen);
      if (isIn) this.#probabilities.set(name, FAULTS[name].probability * (hasAll ? 1 : factor));
    }
  }

  /** Returns whether a fault happens now; counts it if it does. */
  happens(name: FaultName): boolean {
    if (!this.isOn) return false;
    const probability = this.#probabilities.get(name) ?? 0;
    if (probability === 0 || this.#random.fraction() >= probability) return false;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    return true;
  }

  /** A whole number in [0, max). */
  below(max: number): number {
    return Math.floor(this.#random.fraction() * max);
  }

  /** True in so many cases of one; for what is no fault, but chance. */
  chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }
}
