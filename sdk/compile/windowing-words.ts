/**
 * Windowing in words: what `tidemark plan` says of windows and triggers.
 *
 * Owns: the text. Does not own: what it stands for (windowing/).
 */
import type { TimestampTransform, TriggerSpec } from "../windowing/trigger-spec.ts";
import type { CalendarWindows, WindowFnSpec } from "../windowing/window-fn-spec.ts";
import type { WindowingStrategy } from "../windowing/windowing-strategy.ts";

/** Returns a windowing strategy in words; only what differs from the defaults is named. */
export function windowingWords(windowing: WindowingStrategy): string {
  const { windowFn, merging, trigger, allowedLatenessMs } = windowing;
  const isAll = windowing.accumulation === "accumulating";
  const panes = `, each later pane holding ${isAll ? "all so far" : "only what is new"}`;
  const words = [windowFnWords(windowFn) + (merging === "done" ? ", as merged before" : "")];
  if (trigger.kind !== "default") words.push(`fires ${triggerWords(trigger)}${panes}`);
  words.push(
    allowedLatenessMs === 0
      ? "late elements are dropped"
      : `late elements are taken for ${durationWords(allowedLatenessMs)}${trigger.kind === "default" ? panes : ""}`,
  );
  if (windowing.timestampCombiner !== "endOfWindow") {
    words.push(`panes get the ${windowing.timestampCombiner} timestamp`);
  }
  if (windowing.onTime === "fireIfNonEmpty") words.push("no empty pane at the end");
  if (windowing.closing === "fireAlways") words.push("a last pane always, at closing");
  return words.join("; ");
}

function windowFnWords(spec: WindowFnSpec): string {
  switch (spec.kind) {
    case "global":
      return "one global window";
    case "fixed":
      return `fixed windows of ${durationWords(spec.sizeMs)}${offsetWords(spec.offsetMs)}`;
    case "sliding": {
      const { sizeMs, periodMs, offsetMs } = spec;
      return `sliding windows of ${durationWords(sizeMs)}, one each ${durationWords(periodMs)}${offsetWords(offsetMs)}`;
    }
    case "sessions":
      return `sessions that end after ${durationWords(spec.gapMs)} of silence`;
    case "calendar":
      return calendarWords(spec);
    case "custom":
      return `custom windows "${spec.name}"${spec.isMerging ? ", which merge" : ""}`;
  }
}

function offsetWords(offsetMs: number): string {
  return offsetMs === 0 ? "" : `, offset ${durationWords(offsetMs)}`;
}

function calendarWords({ unit, amount, timeZone, startDate }: CalendarWindows): string {
  const units = amount === 1 ? unit.slice(0, -1) : unit;
  const { year, month, day } = startDate;
  return `windows of ${amount} ${units} in ${timeZone}, one beginning on ${year}-${two(month)}-${two(day)}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

function triggerWords(spec: TriggerSpec): string {
  switch (spec.kind) {
    case "default":
      return "at the end of the window and for late elements";
    case "never":
      return "when the window is forgotten";
    case "afterWatermark":
      return afterWatermarkWords(spec);
    case "afterCount":
      return spec.count === 1 ? "for each bundle" : `after ${spec.count} elements`;
    case "afterProcessingTime":
      return `after ${spec.transforms.map(transformWords).join(", then ") || "any time"} of processing time`;
    case "afterSynchronizedProcessingTime":
      return "when what came with it is there";
    case "afterAll":
      return listWords(spec.triggers, " and ");
    case "afterAny":
      return listWords(spec.triggers, " or ");
    case "afterEach":
      return listWords(spec.triggers, ", then ");
    case "repeatedly":
      return `again and again ${triggerWords(spec.trigger)}`;
    case "orFinally":
      return `${triggerWords(spec.trigger)}, until it fires for the last time ${triggerWords(spec.finally)}`;
  }
}

function listWords(triggers: readonly TriggerSpec[], between: string): string {
  return `(${triggers.map(triggerWords).join(between)})`;
}

function afterWatermarkWords(spec: Extract<TriggerSpec, { kind: "afterWatermark" }>): string {
  const { early, late } = spec;
  const words = ["at the end of the window"];
  if (early !== undefined) words.push(`before it ${triggerWords(early)}`);
  words.push(late === undefined ? "and then never again" : `after it ${triggerWords(late)}`);
  return words.join(", ");
}

function transformWords(transform: TimestampTransform): string {
  if (transform.kind === "delay") return durationWords(transform.delayMs);
  return `the next multiple of ${durationWords(transform.periodMs)}${offsetWords(transform.offsetMs)}`;
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Returns a duration as people say it: `1 h 30 min`. */
export function durationWords(durationMs: number): string {
  const words: string[] = [];
  let rest = durationMs;
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) words.push(`${amount} ${unit}`);
  }
  return words.length === 0 ? "0 s" : words.join(" ");
}
