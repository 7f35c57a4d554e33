/**
 * Continuation triggers: the trigger of what a grouping emits, for the next grouping on the way.
 *
 * A pane should go through the groupings behind as soon as it comes, and not wait for as many
 * elements or for as long again.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/Trigger.html#getContinuationTrigger--
 */
import type { TriggerSpec } from "./trigger-spec.ts";

/** Returns the trigger of a grouping's output; the same object where it is the same trigger. */
export function continuationOf(spec: TriggerSpec): TriggerSpec {
  switch (spec.kind) {
    case "default":
    case "never":
    case "afterSynchronizedProcessingTime":
      return spec;
    case "afterWatermark":
      return afterWatermarkOf(spec);
    case "afterCount":
      return spec.count === 1 ? spec : Object.freeze({ kind: "afterCount", count: 1 });
    case "afterProcessingTime":
      return Object.freeze({ kind: "afterSynchronizedProcessingTime" });
    case "afterAll":
    case "afterAny":
      return Object.freeze({ kind: spec.kind, triggers: spec.triggers.map(continuationOf) });
    case "afterEach":
      // Which of them fired can't be told from what comes, so that any may.
      return repeated({ kind: "afterAny", triggers: spec.triggers.map(continuationOf) });
    case "repeatedly":
      return repeated(continuationOf(spec.trigger));
    case "orFinally":
      return repeated({
        kind: "orFinally",
        trigger: continuationOf(spec.trigger),
        finally: continuationOf(spec.finally),
      });
  }
}

type AfterWatermark = Extract<TriggerSpec, { kind: "afterWatermark" }>;

function afterWatermarkOf(spec: AfterWatermark): TriggerSpec {
  const { early, late } = spec;
  if (early === undefined && late === undefined) return spec;
  return Object.freeze({
    kind: spec.kind,
    ...(early !== undefined && { early: continuationOf(early) }),
    ...(late !== undefined && { late: continuationOf(late) }),
  });
}

function repeated(trigger: TriggerSpec): TriggerSpec {
  return Object.freeze({ kind: "repeatedly", trigger: Object.freeze(trigger) });
}
