/**
 * OrFinally: runs a trigger until it has finished, or until another one fires for the last time.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/OrFinallyTrigger.html
 */
import { clearAll, type TriggerMachine } from "./trigger-machine.ts";
import type { TriggerState } from "./trigger-state.ts";

/** Returns the machine of a trigger that runs `actual` until `until` fires. */
export function orFinallyMachine(
  place: number,
  actual: TriggerMachine,
  until: TriggerMachine,
): TriggerMachine {
  const subs = [actual, until];
  const settle = (state: TriggerState): void =>
    state.setFinished(
      place,
      subs.some((sub) => state.isFinished(sub.place)),
    );
  return {
    place,
    subs,
    onElement(state, moment) {
      for (const sub of subs) sub.onElement(state, moment);
    },
    onMerge(state, sources, moment) {
      for (const sub of subs) sub.onMerge(state, sources, moment);
      settle(state);
    },
    shouldFire: (state, moment) => subs.some((sub) => sub.shouldFire(state, moment)),
    onFire(state, moment) {
      if (until.shouldFire(state, moment)) {
        until.onFire(state, moment);
        actual.clear(state);
      } else {
        // `until` is not cleared: it counts over all panes.
        actual.onFire(state, moment);
      }
      settle(state);
    },
    clear: (state) => clearAll(subs, state),
  };
}
