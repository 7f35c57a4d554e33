/**
 * AfterEach: runs its triggers one after the other, each until it has finished.
 *
 * Where windows merge, all of them see every element, for a merge may bring one back.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterEach.html
 */
import { clearAll, firstUnfinished, type TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that runs `subs` in order. */
export function afterEachMachine(
  place: number,
  subs: readonly TriggerMachine[],
  isMerging: boolean,
): TriggerMachine {
  return {
    place,
    subs,
    onElement(state, moment) {
      if (isMerging) for (const sub of subs) sub.onElement(state, moment);
      else firstUnfinished(subs, state)?.onElement(state, moment);
    },
    onMerge(state, sources, moment) {
      let areAllFinished = true;
      for (const sub of subs) {
        if (areAllFinished) sub.onMerge(state, sources, moment);
        else sub.clear(state);
        areAllFinished &&= state.isFinished(sub.place);
      }
      state.setFinished(place, areAllFinished);
    },
    shouldFire: (state, moment) => firstUnfinished(subs, state)?.shouldFire(state, moment) ?? false,
    onFire(state, moment) {
      firstUnfinished(subs, state)?.onFire(state, moment);
      // They ran beside each other, for a pane that is gone now.
      if (isMerging) clearAll(subs, state);
      state.setFinished(place, firstUnfinished(subs, state) === undefined);
    },
    clear: (state) => clearAll(subs, state),
  };
}
