/**
 * AfterProcessingTime: fires some time after a pane's first element came. Its number is when.
 *
 * Time must have gone on after that instant, as for Beam's timers.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/AfterProcessingTime.html
 */
import type { TimestampTransform } from "../../sdk/windowing/trigger-spec.ts";
import type { TriggerMachine, TriggerMoment } from "./trigger-machine.ts";

/** Returns the machine of a trigger that fires once, when what `transforms` make has passed. */
export function afterProcessingTimeMachine(
  place: number,
  transforms: readonly TimestampTransform[],
): TriggerMachine {
  return afterTimeMachine(place, transforms, ({ nowMs }) => nowMs);
}

/** Returns the machine of a trigger that fires once nothing more comes of the time of arrival. */
export function afterSynchronizedMachine(place: number): TriggerMachine {
  return afterTimeMachine(place, [], ({ synchronizedMs }) => synchronizedMs);
}

function afterTimeMachine(
  place: number,
  transforms: readonly TimestampTransform[],
  timeOf: (moment: TriggerMoment) => number,
): TriggerMachine {
  return {
    place,
    subs: [],
    onElement(state, { nowMs }) {
      if (state.numberAt(place) !== undefined) return;
      state.setNumber(place, transforms.reduce(transformed, nowMs));
    },
    onMerge(state, sources) {
      const times = sources.flatMap((source) => source.numberAt(place) ?? []);
      state.clearNumber(place);
      if (times.length === 0 || state.isFinished(place)) return;
      state.setNumber(place, Math.min(...times));
    },
    shouldFire(state, moment) {
      const time = state.numberAt(place);
      return time !== undefined && timeOf(moment) > time;
    },
    onFire(state) {
      state.clearNumber(place);
      state.setFinished(place, true);
    },
    clear: (state) => state.clearNumber(place),
  };
}

function transformed(timeMs: number, transform: TimestampTransform): number {
  if (transform.kind === "delay") return timeMs + transform.delayMs;
  const { periodMs, offsetMs } = transform;
  const sinceMs = (((timeMs - offsetMs) % periodMs) + periodMs) % periodMs;
  return sinceMs === 0 ? timeMs : timeMs + periodMs - sinceMs;
}
