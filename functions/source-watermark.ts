/**
 * Source watermark: how far an unbounded source's event time has come, by its policy.
 *
 * Owns: the policies. Pure: what was observed, and now, give a watermark. Does not own: elements
 * that the mesh has already touched, which registers protect (watermark.ts).
 *
 * Trailing:                min(event times seen in the last sampleMs), as Beam's Pub/Sub reader,
 *                          once a whole sample was seen: the first messages of a backlog come in
 *                          any order, and say nothing of those behind them
 * Bounded out-of-orderness: max(event times seen) − delayMs
 * Manual:                   what the messages of a test stream say
 * Idle (the first two):     after idleAfterMs without a message (or since the launch without any),
 *                          now − idleAfterMs
 */
import type { WatermarkPolicy } from "../sdk/io/source-spec.ts";
import { addMs, earlier, later, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { GLOBAL_WINDOW, maxTimestamp } from "../sdk/model/window.ts";
import type { Observation } from "./register.ts";

/** What the job remembers of a source, between ticks. */
export interface SourceState {
  readonly watermark: Timestamp;
  readonly maxTime: Timestamp;
  /** Smallest event time by slice of processing time: `[slice, minTime]`, ascending. */
  readonly slices: readonly (readonly [slice: number, minTime: Timestamp])[];
  /** Processing time of the newest message, of the launch before the first, in ms; 0: unknown. */
  readonly lastAtMs: number;
}

const SLICES = 10;

/** A source that has given nothing yet. */
export const NEW_SOURCE: SourceState = Object.freeze({
  watermark: MIN_TIMESTAMP,
  maxTime: MIN_TIMESTAMP,
  slices: [],
  lastAtMs: 0,
});

/**
 * Returns the state of a source after what was observed. Observing one thing twice changes nothing.
 */
export function advanceSource(
  before: SourceState,
  policy: WatermarkPolicy,
  observed: readonly (Observation & { readonly atMs: number })[],
  nowMs: number,
): SourceState {
  if (policy.kind === "manual") return tell(before, observed);
  let { maxTime, lastAtMs } = before;
  const sliceMs = sliceMsOf(policy);
  const slices = new Map(before.slices);
  for (const { minTime, maxTime: seenMax, atMs } of observed) {
    maxTime = later(maxTime, seenMax);
    lastAtMs = Math.max(lastAtMs, atMs);
    const slice = Math.floor(atMs / sliceMs);
    slices.set(slice, earlier(slices.get(slice) ?? minTime, minTime));
  }
  const oldest = Math.floor(nowMs / sliceMs) - SLICES;
  const all = [...slices].sort((a, b) => a[0] - b[0]);
  const seen =
    policy.kind === "trailing" ? trailingWatermark(all, oldest) : addMs(maxTime, -policy.delayMs);
  const idle = idleWatermark(policy, lastAtMs, nowMs);
  const watermark = later(before.watermark, later(seen, idle));
  const kept = policy.kind === "trailing" ? all.filter(([slice]) => slice >= oldest) : [];
  return { watermark, maxTime, slices: kept, lastAtMs };
}

/** Returns the state of a source for which so much processing time has not been. */
export function movedSource(
  { lastAtMs, slices, ...rest }: SourceState,
  policy: WatermarkPolicy,
  byMs: number,
): SourceState {
  const by = policy.kind === "trailing" ? Math.ceil(byMs / sliceMsOf(policy)) : byMs;
  return {
    ...rest,
    lastAtMs: lastAtMs === 0 ? 0 : lastAtMs + byMs,
    slices: slices.map(([slice, minTime]) => [slice + by, minTime] as const),
  };
}

function sliceMsOf(policy: WatermarkPolicy): number {
  return policy.kind === "trailing" ? Math.max(1, policy.sampleMs / SLICES) : 1;
}

/** The state of a source whose watermark is told to it. */
function tell(before: SourceState, observed: readonly Observation[]): SourceState {
  const watermark = observed.reduce((max, { told }) => later(max, told ?? max), before.watermark);
  return { ...before, watermark };
}

function idleDeadlineMs(state: SourceState, policy: WatermarkPolicy): number | undefined {
  if (policy.idleAfterMs === undefined || state.lastAtMs === 0) return undefined;
  return state.lastAtMs + policy.idleAfterMs;
}

/**
 * When the watermark may move by the passing of time alone, though nothing comes in; undefined:
 * never. `nextTimer` is the earliest event time that somebody waits for.
 */
export function nextChangeMs(
  state: SourceState,
  policy: WatermarkPolicy,
  nextTimer: Timestamp,
  nowMs: number,
): number | undefined {
  const times: number[] = [];
  const [first] = state.slices;
  if (policy.kind === "trailing" && first !== undefined) {
    times.push((first[0] + SLICES + 1) * sliceMsOf(policy));
  }
  const deadlineMs = idleDeadlineMs(state, policy);
  if (deadlineMs !== undefined) {
    // From the deadline on the watermark is `now − idleAfterMs`, and passes the timer right after.
    const reachesMs = nextTimer + (policy.idleAfterMs ?? 0) + 1;
    times.push(Math.max(deadlineMs, reachesMs));
  }
  // Processing time ends where Timestamps do: the global window's end is never reached by waiting.
  const future = times.filter((atMs) => atMs > nowMs && atMs < maxTimestamp(GLOBAL_WINDOW));
  return future.length === 0 ? undefined : Math.min(...future);
}

/** The smallest time of a sample that is whole: its oldest slice has just left it. */
function trailingWatermark(
  slices: readonly (readonly [slice: number, minTime: Timestamp])[],
  oldest: number,
): Timestamp {
  const [first] = slices;
  if (first === undefined || first[0] >= oldest) return MIN_TIMESTAMP;
  return slices.reduce((min, [, minTime]) => earlier(min, minTime), first[1]);
}

function idleWatermark(policy: WatermarkPolicy, lastAtMs: number, nowMs: number): Timestamp {
  const { idleAfterMs } = policy;
  if (idleAfterMs === undefined || lastAtMs === 0) return MIN_TIMESTAMP;
  return nowMs - lastAtMs >= idleAfterMs ? ((nowMs - idleAfterMs) as Timestamp) : MIN_TIMESTAMP;
}
