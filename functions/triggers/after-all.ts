/**
 * AfterAll: fires once, when each of its triggers is ready to.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterAll.html
 */
import { clearAll, type TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that fires when all of `subs` are ready to. */
export function afterAllMachine(place: number, subs: readonly TriggerMachine[]): TriggerMachine {
  return {
    place,
    subs,
    onElement(state, moment) {
      for (const sub of subs) if (!state.isFinished(sub.place)) sub.onElement(state, moment);
    },
    onMerge(state, sources, moment) {
      for (const sub of subs) sub.onMerge(state, sources, moment);
      state.setFinished(
        place,
        subs.every((sub) => state.isFinished(sub.place)),
      );
    },
    shouldFire: (state, moment) =>
      subs.every((sub) => state.isFinished(sub.place) || sub.shouldFire(state, moment)),
    onFire(state, moment) {
      for (const sub of subs) sub.onFire(state, moment);
      state.setFinished(place, true);
    },
    clear: (state) => clearAll(subs, state),
  };
}
