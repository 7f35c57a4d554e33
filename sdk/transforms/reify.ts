/**
 * Reify: an element's timestamp, window and pane, as data beside it.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Reify.html
 */
import type { PaneInfo } from "../model/pane.ts";
import type { Timestamp } from "../model/time.ts";
import type { Window } from "../model/window.ts";
import type { Composite } from "./composite.ts";

/** An element with its event time. */
export interface TimestampedValue<T> {
  readonly value: T;
  readonly timestamp: Timestamp;
}

/** An element with its event time, its window and its pane. */
export interface ValueInSingleWindow<T> extends TimestampedValue<T> {
  readonly window: Window;
  readonly pane: PaneInfo;
}

/**
 * Each element with its event time.
 *
 * @example readings.apply(reifyTimestamps()).map(({ value, timestamp }) => ({ ...value, at: timestamp }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Reify.html
 */
export function reifyTimestamps<T>(): Composite<T, TimestampedValue<T>> {
  return (input) =>
    input.within("reifyTimestamps", () =>
      input.parDo<TimestampedValue<T>>({
        process: (value, context) => context.output({ value, timestamp: context.timestamp }),
      }),
    );
}

/**
 * Each element with its event time, its window and its pane.
 *
 * @example totals.apply(reifyWindows()).filter(({ pane }) => pane.timing !== "LATE")
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Reify.html
 */
export function reifyWindows<T>(): Composite<T, ValueInSingleWindow<T>> {
  return (input) =>
    input.within("reifyWindows", () =>
      input.parDo<ValueInSingleWindow<T>>({
        process(value, context) {
          const { timestamp, window, pane } = context;
          context.output({ value, timestamp, window, pane });
        },
      }),
    );
}
