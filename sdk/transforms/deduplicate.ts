/**
 * deduplicate: each different element once within a time, without waiting for anything.
 *
 * Owns: a state that an equal element was seen, and the timer that forgets it. Unlike `distinct` it
 * needs no window that ends: an element goes on at once, and what comes again after the time goes on
 * again.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Deduplicate.html
 */
import type { Duration } from "../model/duration.ts";
import { toMs } from "../model/duration.ts";
import type { KV } from "../model/kv.ts";
import { valueState } from "../state/state-specs.ts";
import { type StatefulDoFn, statefulDoFn } from "../state/stateful-do-fn.ts";
import { eventTimer, processingTimer, type TimeDomain } from "../state/timers.ts";
import type { Composite } from "./composite.ts";

/** What `deduplicate` may be told. */
export interface DeduplicateOptions<in T> {
  /** Gives what to compare, by value; the element itself where left out. */
  readonly by?: (element: T) => unknown;
  /** How long an element is remembered; 10 minutes by default. */
  readonly duration?: Duration;
  /** The time that counts: of the mesh (`processing`, the default) or of the elements (`event`). */
  readonly timeDomain?: TimeDomain;
}

const DURATION_MS_DEFAULT = 10 * 60_000;

/**
 * Each different element once for each window, until `duration` has passed since it was first seen.
 * Elements are equal as keys are: by value, so they (or what `by` gives) must be what a key can be.
 *
 * @throws ERR_DURATION if `duration` can't be read
 * @example clicks.apply(deduplicate({ by: (click) => click.id, duration: { hours: 1 } }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Deduplicate.html
 */
export function deduplicate<T>(options: DeduplicateOptions<T> = {}): Composite<T, T> {
  const { by = (element) => element, duration = DURATION_MS_DEFAULT } = options;
  const fn = firstSeen<T>(toMs(duration, "deduplicate: duration"), options.timeDomain);
  return (input) => input.within("deduplicate", () => input.keyBy(by).parDo<T>(fn));
}

function firstSeen<T>(
  durationMs: number,
  timeDomain: TimeDomain = "processing",
): StatefulDoFn<KV<unknown, T>, T> {
  return statefulDoFn<KV<unknown, T>, T>()({
    state: { seen: valueState<boolean>() },
    timers: { forget: timeDomain === "event" ? eventTimer() : processingTimer() },
    process({ value }, { state, timers, output }) {
      if (state.seen.read() !== undefined) return;
      state.seen.write(true);
      // It emits nothing, and so need not hold the watermark back.
      timers.forget.withNoOutputTimestamp().offset(durationMs).setRelative();
      output(value);
    },
    onTimer: { forget: ({ state }) => state.seen.clear() },
  });
}
