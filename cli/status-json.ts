/**
 * Status JSON: one look at a job, as programs read it.
 *
 * Owns: the stable form, which docs/operations.md lists field by field: fields are added, and none is
 * renamed or removed without a line in CHANGELOG.md. Does not own: the figures (functions/status.ts).
 */
import type { Cause, Why } from "../functions/why.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { StatusLook } from "./status-report.ts";
import { causeText } from "./why-text.ts";

/** Returns a look as plain JSON. */
export function statusJson({ status, open, plan, project, why, nowMs }: StatusLook): object {
  const { pipeline, state, launchedAtMs, isQuiet, operations, trackerOperations, metrics } = status;
  return {
    pipeline,
    project,
    plan,
    state,
    isQuiet,
    at: new Date(nowMs).toISOString(),
    launchedAt: launchedAtMs === undefined ? null : new Date(launchedAtMs).toISOString(),
    deadLettersOpen: open.total,
    stages: status.stages.map((stage) => {
      const { inputWatermark, outputWatermark, hold, freshnessMs, idleMs } = stage;
      const { latency, systemLatency, ...rest } = stage;
      return {
        ...rest,
        deadLettersOpen: open.byStage.get(stage.stage) ?? 0,
        inputWatermark: timeJson(inputWatermark),
        outputWatermark: timeJson(outputWatermark),
        hold: timeJson(hold),
        freshnessMs: freshnessMs ?? null,
        idleMs: idleMs ?? null,
        latency: latency ?? null,
        systemLatency: systemLatency ?? null,
      };
    }),
    operations,
    trackerOperations,
    metrics,
    ...(why !== undefined && { why: whyJson(why, nowMs) }),
  };
}

function whyJson(why: Why, nowMs: number): object {
  const causesJson = (causes: readonly Cause[]): object[] =>
    causes.map((cause) => ({ ...cause, ...timesJson(cause), text: causeText(cause, nowMs) }));
  return {
    stages: why.stages.map(({ output, causes, roots, ...rest }) => ({
      ...rest,
      output: timeJson(output),
      causes: causesJson(causes),
      roots: causesJson(roots),
    })),
    unfinished: causesJson(why.unfinished),
  };
}

function timesJson(cause: Cause): object {
  return cause.kind === "job" ? {} : { time: timeJson(cause.time) };
}

/** A point in event time: ISO 8601, or `MIN` and `MAX` at the ends. */
function timeJson(time: Timestamp): string {
  if (time <= MIN_TIMESTAMP) return "MIN";
  return time >= MAX_TIMESTAMP ? "MAX" : new Date(time).toISOString();
}
