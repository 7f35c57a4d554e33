/**
 * Repeatedly: begins its trigger anew whenever it has finished.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/Repeatedly.html
 */
import { reset, type TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that runs `sub` again and again. */
export function repeatedlyMachine(place: number, sub: TriggerMachine): TriggerMachine {
  return {
    place,
    subs: [sub],
    onElement: (state, moment) => sub.onElement(state, moment),
    onMerge: (state, sources, moment) => sub.onMerge(state, sources, moment),
    shouldFire: (state, moment) => sub.shouldFire(state, moment),
    onFire(state, moment) {
      sub.onFire(state, moment);
      if (state.isFinished(sub.place)) reset(sub, state);
    },
    clear: (state) => sub.clear(state),
  };
}
