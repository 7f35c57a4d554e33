/**
 * Triggers as plain data: when a window's contents are emitted.
 *
 * Owns: the shapes, and what can be told of a trigger without running it. Does not own: what the
 * author writes (triggers.ts), or running (functions/triggers/).
 */

/** One step from an arrival time to the time that fires: add a delay, or go to a boundary. */
export type TimestampTransform =
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "align"; readonly periodMs: number; readonly offsetMs: number };

/** When a window's contents are emitted. */
export type TriggerSpec =
  /** At the end of the window, then once for each bundle that brings late elements. */
  | { readonly kind: "default" }
  | { readonly kind: "never" }
  | { readonly kind: "afterWatermark"; readonly early?: TriggerSpec; readonly late?: TriggerSpec }
  | { readonly kind: "afterCount"; readonly count: number }
  | { readonly kind: "afterProcessingTime"; readonly transforms: readonly TimestampTransform[] }
  /** Internal: what afterProcessingTime becomes behind a grouping. */
  | { readonly kind: "afterSynchronizedProcessingTime" }
  | { readonly kind: "afterAll"; readonly triggers: readonly TriggerSpec[] }
  | { readonly kind: "afterAny"; readonly triggers: readonly TriggerSpec[] }
  | { readonly kind: "afterEach"; readonly triggers: readonly TriggerSpec[] }
  | { readonly kind: "repeatedly"; readonly trigger: TriggerSpec }
  | { readonly kind: "orFinally"; readonly trigger: TriggerSpec; readonly finally: TriggerSpec };

/** Returns whether the trigger may fire before the end of a window; if not, an endless one waits. */
export function firesBeforeEnd(spec: TriggerSpec): boolean {
  switch (spec.kind) {
    case "default":
    case "never":
      return false;
    case "afterWatermark":
      return spec.early !== undefined && firesBeforeEnd(spec.early);
    case "afterCount":
    case "afterProcessingTime":
    case "afterSynchronizedProcessingTime":
      return true;
    case "afterAll":
      return spec.triggers.every(firesBeforeEnd);
    case "afterAny":
      return spec.triggers.some(firesBeforeEnd);
    case "afterEach":
      return spec.triggers.slice(0, 1).some(firesBeforeEnd);
    case "repeatedly":
      return firesBeforeEnd(spec.trigger);
    case "orFinally":
      return firesBeforeEnd(spec.trigger) || firesBeforeEnd(spec.finally);
  }
}

/** Returns whether it matters to the trigger how many elements came, and not only that some did. */
export function countsElements(spec: TriggerSpec): boolean {
  switch (spec.kind) {
    case "afterCount":
      return spec.count > 1;
    case "afterWatermark":
      return [spec.early, spec.late].some((sub) => sub !== undefined && countsElements(sub));
    case "afterAll":
    case "afterAny":
    case "afterEach":
      return spec.triggers.some(countsElements);
    case "repeatedly":
      return countsElements(spec.trigger);
    case "orFinally":
      return countsElements(spec.trigger) || countsElements(spec.finally);
    default:
      return false;
  }
}
