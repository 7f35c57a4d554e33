/**
 * AfterAny: fires once, when any of its triggers is ready to. Beam's AfterFirst.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterFirst.html
 */
import { clearAll, type TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that fires when any of `subs` is ready to. */
export function afterAnyMachine(place: number, subs: readonly TriggerMachine[]): TriggerMachine {
  return {
    place,
    subs,
    onElement(state, moment) {
      for (const sub of subs) sub.onElement(state, moment);
    },
    onMerge(state, sources, moment) {
      for (const sub of subs) sub.onMerge(state, sources, moment);
      state.setFinished(
        place,
        subs.some((sub) => state.isFinished(sub.place)),
      );
    },
    shouldFire: (state, moment) =>
      subs.some((sub) => state.isFinished(sub.place) || sub.shouldFire(state, moment)),
    onFire(state, moment) {
      for (const sub of subs) {
        if (sub.shouldFire(state, moment)) sub.onFire(state, moment);
        else sub.clear(state); // The pane that it waited for is gone.
      }
      state.setFinished(place, true);
    },
    clear: (state) => clearAll(subs, state),
  };
}
