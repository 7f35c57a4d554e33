/**
 * Trigger machine: what each kind of trigger does with the state of one key and window.
 *
 * Owns: the interface of all kinds, and what they share. Does not own: when a machine is asked
 * (grouping/), or what a firing emits.
 *
 * TG1. A machine is pure: what it does follows from the state, the moment and what is added.
 * TG2. Adding an element never makes a machine that should fire one that should not.
 *
 * @see Beam's trigger state machines (runners/core-java), whose rules these are
 */
import type { Timestamp } from "../../sdk/model/time.ts";
import type { TriggerState } from "./trigger-state.ts";

/** What a machine knows beside its state. */
export interface TriggerMoment {
  /** The largest timestamp of the window. */
  readonly maxTimestamp: Timestamp;
  readonly inputWatermark: Timestamp;
  /** Processing time. */
  readonly nowMs: number;
  /** Processing time of which nothing more comes; -∞ where that is not known. */
  readonly synchronizedMs: number;
}

/** One trigger of a tree. */
export interface TriggerMachine {
  /** Where the trigger stands in its tree. */
  readonly place: number;
  readonly subs: readonly TriggerMachine[];
  onElement(state: TriggerState, moment: TriggerMoment): void;
  /**
   * Takes the states of windows that have become one.
   *
   * @param state - of the result: as it was if the result is one of the windows, else empty
   * @param sources - of all windows that had a state, the result's own included
   */
  onMerge(state: TriggerState, sources: readonly TriggerState[], moment: TriggerMoment): void;
  shouldFire(state: TriggerState, moment: TriggerMoment): boolean;
  /** Only where `shouldFire`. */
  onFire(state: TriggerState, moment: TriggerMoment): void;
  /** Forgets what led to the next firing, but not what has finished. */
  clear(state: TriggerState): void;
}

/** Returns whether the end of the window has passed. */
export function isEndPassed({ inputWatermark, maxTimestamp }: TriggerMoment): boolean {
  return inputWatermark > maxTimestamp;
}

/** Returns the first trigger of a list that has not finished. */
export function firstUnfinished(
  machines: readonly TriggerMachine[],
  state: TriggerState,
): TriggerMachine | undefined {
  return machines.find(({ place }) => !state.isFinished(place));
}

export function clearAll(machines: readonly TriggerMachine[], state: TriggerState): void {
  for (const machine of machines) machine.clear(state);
}

/** Begins a trigger anew, with all that stands below it. */
export function reset(machine: TriggerMachine, state: TriggerState): void {
  unfinish(machine, state);
  machine.clear(state);
}

function unfinish({ place, subs }: TriggerMachine, state: TriggerState): void {
  state.setFinished(place, false);
  for (const sub of subs) unfinish(sub, state);
}
