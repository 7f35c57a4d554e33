/**
 * AfterWatermark: fires at the end of the window, and before and after it by triggers of its own.
 *
 * The early trigger has finished when the end of the window has fired; only then the late one runs.
 * Where windows merge, both see every element: a session may go back from late to early.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterWatermark.html
 */
import { firstUnfinished, isEndPassed, reset, type TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that fires once, at the end of the window. */
export function endOfWindowMachine(place: number): TriggerMachine {
  return {
    place,
    subs: [],
    onElement() {},
    onMerge(state, sources, moment) {
      const isDone = sources.every((source) => source.isFinished(place)) && isEndPassed(moment);
      state.setFinished(place, isDone);
    },
    shouldFire: (_, moment) => isEndPassed(moment),
    onFire: (state) => state.setFinished(place, true),
    clear() {},
  };
}

/** Returns Beam's default trigger as a part of others: as above, but it never finishes. */
export function defaultMachine(place: number): TriggerMachine {
  return { ...endOfWindowMachine(place), onMerge() {}, onFire() {} };
}

/**
 * Returns the machine of a trigger with early and late firings.
 *
 * @param late - undefined: the trigger has finished when the end of the window has fired
 */
export function afterWatermarkMachine(
  place: number,
  early: TriggerMachine,
  late: TriggerMachine | undefined,
  isMerging: boolean,
): TriggerMachine {
  const subs = late === undefined ? [early] : [early, late];
  return {
    place,
    subs,
    onElement(state, moment) {
      if (isMerging) for (const sub of subs) sub.onElement(state, moment);
      else firstUnfinished(subs, state)?.onElement(state, moment);
    },
    onMerge(state, sources, moment) {
      const wasEnded = sources.every((source) => source.isFinished(early.place));
      if (wasEnded && isEndPassed(moment)) {
        state.setFinished(early.place, true);
        late?.onMerge(state, sources, moment);
        return;
      }
      // Something of one of the windows is still to fire at the end, which may lie ahead again.
      early.onMerge(state, sources, moment);
      state.setFinished(early.place, false);
      if (late !== undefined) reset(late, state);
    },
    shouldFire(state, moment) {
      if (state.isFinished(early.place)) return late?.shouldFire(state, moment) ?? false;
      return isEndPassed(moment) || early.shouldFire(state, moment);
    },
    onFire(state, moment) {
      if (state.isFinished(early.place)) {
        late?.onFire(state, moment);
        if (late !== undefined) reset(late, state);
        return;
      }
      if (early.shouldFire(state, moment)) early.onFire(state, moment);
      reset(early, state);
      if (!isEndPassed(moment)) return;
      state.setFinished(early.place, true);
      if (late === undefined) state.setFinished(place, true);
      else late.clear(state);
    },
    clear(state) {
      for (const sub of subs) sub.clear(state);
    },
  };
}
