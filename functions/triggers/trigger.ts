/**
 * Trigger: a trigger's spec, made ready to run on the state of keys and windows.
 *
 * Owns: the tree of machines, and which of its parts wait for a time. Does not own: what each kind
 * does (one file each).
 */
import type { TriggerSpec } from "../../sdk/windowing/trigger-spec.ts";
import { afterAllMachine } from "./after-all.ts";
import { afterAnyMachine } from "./after-any.ts";
import { afterCountMachine } from "./after-count.ts";
import { afterEachMachine } from "./after-each.ts";
import { afterProcessingTimeMachine, afterSynchronizedMachine } from "./after-processing-time.ts";
import { afterWatermarkMachine, defaultMachine, endOfWindowMachine } from "./after-watermark.ts";
import { orFinallyMachine } from "./or-finally.ts";
import { repeatedlyMachine } from "./repeatedly.ts";
import type { TriggerMachine, TriggerMoment } from "./trigger-machine.ts";
import { TriggerState } from "./trigger-state.ts";

/** A trigger that is ready to run. */
export class Trigger {
  readonly #root: TriggerMachine;
  /** Places of the parts that wait for processing time, and for synchronized processing time. */
  readonly #processing: number[] = [];
  readonly #synchronized: number[] = [];
  readonly #isMerging: boolean;
  #places = 0;

  /** @param isMerging - whether windows may become one */
  constructor(spec: TriggerSpec, isMerging: boolean) {
    this.#isMerging = isMerging;
    this.#root = this.#machineOf(spec);
  }

  onElement(state: TriggerState, moment: TriggerMoment): void {
    this.#root.onElement(state, moment);
  }

  shouldFire(state: TriggerState, moment: TriggerMoment): boolean {
    return this.#root.shouldFire(state, moment);
  }

  /** Takes note of a firing; the trigger may have finished with it. */
  onFire(state: TriggerState, moment: TriggerMoment): void {
    this.#root.onFire(state, moment);
  }

  /**
   * Returns the state of windows that have become one. Its trigger has not finished: what the
   * windows hold must still come out.
   *
   * @param result - of the window that they become, if it is one of them
   * @param sources - of all of them
   */
  merged(
    result: TriggerState | undefined,
    sources: readonly TriggerState[],
    moment: TriggerMoment,
  ): TriggerState {
    const state = result?.copy() ?? TriggerState.empty();
    this.#root.onMerge(state, sources, moment);
    state.setFinished(this.#root.place, false);
    return state;
  }

  /** The earliest processing time from `fromMs` on that the trigger waits to pass; +∞ if none. */
  waitsForMs(state: TriggerState, fromMs: number): number {
    return earliest(this.#processing, state, fromMs);
  }

  /** The same for synchronized processing time. */
  waitsForSynchronizedMs(state: TriggerState, fromMs: number): number {
    return earliest(this.#synchronized, state, fromMs);
  }

  #machineOf(spec: TriggerSpec): TriggerMachine {
    const place = this.#places++;
    const all = (specs: readonly TriggerSpec[]): TriggerMachine[] =>
      specs.map((sub) => this.#machineOf(sub));
    switch (spec.kind) {
      case "default":
        return defaultMachine(place);
      case "never":
        return neverMachine(place);
      case "afterWatermark":
        return this.#afterWatermark(spec, place);
      case "afterCount":
        return afterCountMachine(place, spec.count);
      case "afterProcessingTime":
        this.#processing.push(place);
        return afterProcessingTimeMachine(place, spec.transforms);
      case "afterSynchronizedProcessingTime":
        this.#synchronized.push(place);
        return afterSynchronizedMachine(place);
      case "afterAll":
        return afterAllMachine(place, all(spec.triggers));
      case "afterAny":
        return afterAnyMachine(place, all(spec.triggers));
      case "afterEach":
        return afterEachMachine(place, all(spec.triggers), this.#isMerging);
      case "repeatedly":
        return repeatedlyMachine(place, this.#machineOf(spec.trigger));
      case "orFinally":
        return orFinallyMachine(
          place,
          this.#machineOf(spec.trigger),
          this.#machineOf(spec.finally),
        );
    }
  }

  #afterWatermark(
    { early, late }: Extract<TriggerSpec, { kind: "afterWatermark" }>,
    place: number,
  ): TriggerMachine {
    if (early === undefined && late === undefined) return endOfWindowMachine(place);
    const earlyMachine = this.#machineOf(early ?? { kind: "never" });
    const lateMachine = late === undefined ? undefined : this.#machineOf(late);
    return afterWatermarkMachine(place, earlyMachine, lateMachine, this.#isMerging);
  }
}

function neverMachine(place: number): TriggerMachine {
  return {
    place,
    subs: [],
    onElement() {},
    onMerge() {},
    shouldFire: () => false,
    onFire() {},
    clear() {},
  };
}

function earliest(places: readonly number[], state: TriggerState, fromMs: number): number {
  let time = Number.POSITIVE_INFINITY;
  for (const place of places) {
    const waitsFor = state.numberAt(place);
    if (waitsFor !== undefined && waitsFor >= fromMs && waitsFor < time) time = waitsFor;
  }
  return time;
}
