/**
 * What the author writes for a trigger: when a window's contents are emitted.
 *
 * A trigger *fires*, and each firing emits a pane; a trigger that has *finished* closes its window:
 * what comes for it later is dropped, and counted. `repeatedly`, and the early and late triggers of
 * `afterWatermark`, begin again instead.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#triggers
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import type { TimestampTransform, TriggerSpec } from "./trigger-spec.ts";

/** What `afterWatermark` does beside firing at the end of the window. */
export interface AfterWatermarkOptions {
  /** Fires before the end of the window, again and again. */
  readonly early?: TriggerSpec;
  /** Fires after it, again and again. Without one the window closes at its end. */
  readonly late?: TriggerSpec;
}

/** A step from the arrival of a pane's first element to the time that fires; the delay first. */
export interface ProcessingTimeStep {
  readonly delay?: Duration;
  /** To the next whole multiple of `period` after `offset`. */
  readonly alignTo?: { readonly period: Duration; readonly offset?: Duration };
}

/**
 * Returns Beam's default trigger: it fires at the end of the window, then once for each bundle that
 * brings late elements.
 *
 * @example windowInto(fixedWindows(1_000), { trigger: defaultTrigger(), accumulation: "discarding" })
 */
export function defaultTrigger(): TriggerSpec {
  return Object.freeze({ kind: "default" });
}

/**
 * Returns a trigger that never fires: a window's contents come when it is forgotten.
 *
 * @example windowInto(fixedWindows(1_000), { trigger: never(), accumulation: "discarding" })
 */
export function never(): TriggerSpec {
  return Object.freeze({ kind: "never" });
}

/**
 * Returns a trigger that fires when the watermark passes the end of the window.
 *
 * @param options - `early` and `late`: triggers for before and after, each of which begins again
 *   whenever it has fired. Without `late` the window closes at its end
 * @example afterWatermark({ early: afterProcessingTime({ delay: { minutes: 1 } }), late: afterCount(1) })
 * @see https://beam.apache.org/documentation/programming-guide/#event-time-triggers
 */
export function afterWatermark(options: AfterWatermarkOptions = {}): TriggerSpec {
  const { early, late } = options;
  return Object.freeze({
    kind: "afterWatermark",
    ...(early !== undefined && { early }),
    ...(late !== undefined && { late }),
  });
}

/**
 * Returns a trigger that fires when a pane holds at least `count` elements, and is then finished.
 *
 * @param count - from 1. A bundle is added as a whole, so that a pane may hold more
 * @throws ERR_OPTION if the count is no whole number from 1
 * @example repeatedly(afterCount(100))
 * @see https://beam.apache.org/documentation/programming-guide/#data-driven-triggers
 */
export function afterCount(count: number): TriggerSpec {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new MeshError("ERR_OPTION", `afterCount: give a whole number from 1, not ${count}.`);
  }
  return Object.freeze({ kind: "afterCount", count });
}

/**
 * Returns a trigger that fires once processing time is after what the steps make of the arrival of
 * a pane's first element, and is then finished.
 *
 * @param steps - taken in order; none fires as soon as time has gone on at all
 * @throws ERR_DURATION if a delay can't be read, or a period is 0
 * @example afterProcessingTime({ delay: { seconds: 30 } })
 * @example afterProcessingTime({ alignTo: { period: { hours: 1 } } }, { delay: { minutes: 5 } })
 * @see https://beam.apache.org/documentation/programming-guide/#processing-time-triggers
 */
export function afterProcessingTime(...steps: readonly ProcessingTimeStep[]): TriggerSpec {
  return Object.freeze({
    kind: "afterProcessingTime",
    transforms: Object.freeze(steps.flatMap(transformsOf)),
  });
}

/**
 * Returns a trigger that fires, once, when each of the others is ready to.
 *
 * @throws ERR_OPTION if none is given
 * @example afterAll(afterCount(10), afterProcessingTime({ delay: { minutes: 1 } }))
 * @see https://beam.apache.org/documentation/programming-guide/#composite-triggers
 */
export function afterAll(...triggers: readonly TriggerSpec[]): TriggerSpec {
  return several("afterAll", triggers);
}

/**
 * Returns a trigger that fires, once, when any of the others is ready to. Beam's AfterFirst.
 *
 * @throws ERR_OPTION if none is given
 * @example repeatedly(afterAny(afterCount(100), afterProcessingTime({ delay: { minutes: 1 } })))
 * @see https://beam.apache.org/documentation/programming-guide/#composite-triggers
 */
export function afterAny(...triggers: readonly TriggerSpec[]): TriggerSpec {
  return several("afterAny", triggers);
}

/**
 * Returns a trigger that runs the others one after the other: each until it has finished.
 *
 * @throws ERR_OPTION if none is given
 * @example afterEach(afterCount(1), repeatedly(afterCount(100)))
 * @see https://beam.apache.org/documentation/programming-guide/#composite-triggers
 */
export function afterEach(...triggers: readonly TriggerSpec[]): TriggerSpec {
  return several("afterEach", triggers);
}

/**
 * Returns a trigger that begins `trigger` anew whenever it has finished, and never finishes itself.
 *
 * @example repeatedly(afterCount(100))
 * @see https://beam.apache.org/documentation/programming-guide/#composite-triggers
 */
export function repeatedly(trigger: TriggerSpec): TriggerSpec {
  return Object.freeze({ kind: "repeatedly", trigger });
}

/**
 * Returns a trigger that runs `trigger` until `last` fires: that pane is the last one.
 *
 * @example orFinally(repeatedly(afterCount(100)), afterWatermark())
 * @see https://beam.apache.org/documentation/programming-guide/#composite-triggers
 */
export function orFinally(trigger: TriggerSpec, last: TriggerSpec): TriggerSpec {
  return Object.freeze({ kind: "orFinally", trigger, finally: last });
}

function several(
  kind: "afterAll" | "afterAny" | "afterEach",
  triggers: readonly TriggerSpec[],
): TriggerSpec {
  if (triggers.length === 0) {
    throw new MeshError("ERR_OPTION", `${kind}: give at least one trigger.`);
  }
  return Object.freeze({ kind, triggers: Object.freeze([...triggers]) });
}

function transformsOf({ delay, alignTo }: ProcessingTimeStep): TimestampTransform[] {
  const transforms: TimestampTransform[] = [];
  if (delay !== undefined) {
    const delayMs = toMs(delay, "afterProcessingTime: delay");
    transforms.push(Object.freeze({ kind: "delay", delayMs }));
  }
  if (alignTo !== undefined) {
    const periodMs = toMs(alignTo.period, "afterProcessingTime: alignTo.period");
    const offsetMs = toMs(alignTo.offset ?? 0, "afterProcessingTime: alignTo.offset");
    if (periodMs === 0) {
      throw new MeshError("ERR_DURATION", "afterProcessingTime: alignTo.period must not be 0.");
    }
    transforms.push(Object.freeze({ kind: "align", periodMs, offsetMs }));
  }
  return transforms;
}
