/**
 * AfterCount: fires when a pane holds enough elements. Its number is how many came.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterPane.html
 */
import type { TriggerMachine } from "./trigger-machine.ts";

/** Returns the machine of a trigger that fires once, after `count` elements. */
export function afterCountMachine(place: number, count: number): TriggerMachine {
  return {
    place,
    subs: [],
    onElement(state) {
      state.setNumber(place, (state.numberAt(place) ?? 0) + 1);
    },
    onMerge(state, sources) {
      state.clearNumber(place);
      // Enough came in one of the windows, so enough came in all together.
      if (sources.some((source) => source.isFinished(place))) return state.setFinished(place, true);
      const sum = sources.reduce((total, source) => total + (source.numberAt(place) ?? 0), 0);
      if (sum > 0) state.setNumber(place, sum);
    },
    shouldFire: (state) => (state.numberAt(place) ?? 0) >= count,
    onFire(state) {
      state.clearNumber(place);
      state.setFinished(place, true);
    },
    clear: (state) => state.clearNumber(place),
  };
}
