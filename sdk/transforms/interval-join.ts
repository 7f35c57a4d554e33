/**
 * intervalJoin: pairs of values with equal keys whose times are near each other.
 *
 * Owns: what waits on each side, in the order of time, and when nothing can join it any more. A pair
 * is emitted when the later-coming of its two values comes; so nothing waits, and nothing is held.
 *
 * IJ1. A pair is emitted once.
 * IJ2. A value is kept until the watermark has passed all times that it may be joined with.
 */

import type { TransformOptions } from "../graph-builder.ts";
import { type Duration, toMs } from "../model/duration.ts";
import { type KV, kv } from "../model/kv.ts";
import { addMs, earlier, later, MIN_TIMESTAMP, type Timestamp } from "../model/time.ts";
import type { PCollection } from "../pcollection.ts";
import { orderedListState, valueState } from "../state/state-specs.ts";
import type { OrderedListState } from "../state/state-types.ts";
import { type StatefulDoFn, statefulDoFn } from "../state/stateful-do-fn.ts";
import { eventTimer } from "../state/timers.ts";
import { inScopeOf } from "./composite.ts";
import type { Joined } from "./joins.ts";

/** Which times are near each other. */
export interface IntervalJoinOptions extends TransformOptions {
  /** How far before the time of a left value that of a right one may lie. */
  readonly before: Duration;
  /** How far after the time of a left value that of a right one may lie. */
  readonly after: Duration;
  /** How far behind the watermark values still find what they join with; 0 by default. */
  readonly allowedLateness?: Duration;
}

/**
 * Joins two keyed PCollections: each value of `left` at time t with each value of `right` that has an
 * equal key in the same window and a time in `t − before ≤ … ≤ t + after`. A pair has the later of
 * its two times. Both must be windowed alike; the global window will do, for what can join nothing
 * more is forgotten.
 *
 * @throws ERR_DURATION if an option can't be read
 * @throws ERR_PIPELINE if they belong to different pipelines; `compile` throws it if they are windowed
 *   differently
 * @example intervalJoin(impressions, clicks, { before: 0, after: { minutes: 10 } })
 */
export function intervalJoin<K, L, R>(
  left: PCollection<KV<K, L>>,
  right: PCollection<KV<K, R>>,
  options: IntervalJoinOptions,
): PCollection<KV<K, Joined<L, R>>> {
  const fn = joining<K, L, R>({
    beforeMs: toMs(options.before, "intervalJoin: before"),
    afterMs: toMs(options.after, "intervalJoin: after"),
    latenessMs: toMs(options.allowedLateness ?? 0, "intervalJoin: allowedLateness"),
  });
  return inScopeOf(left, "intervalJoin", options, () => {
    const lefts = left.within("left", () => left.map(({ key, value }) => kv(key, { left: value })));
    const rights = right.within("right", () =>
      right.map(({ key, value }) => kv(key, { right: value })),
    );
    // In the author's scope a name of its own keeps the state when the pipeline around it changes.
    const named = options.name === undefined ? {} : { name: "join" };
    const sides = lefts.flatten(rights) as PCollection<KV<K, Side<L, R>>>;
    return sides.parDo<KV<K, Joined<L, R>>>(fn, named);
  });
}

type Side<L, R> = { readonly left: L } | { readonly right: R };

interface Interval {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly latenessMs: number;
}

function joining<K, L, R>(
  interval: Interval,
): StatefulDoFn<KV<K, Side<L, R>>, KV<K, Joined<L, R>>> {
  const { beforeMs, afterMs, latenessMs } = interval;
  // How long after its time a left and a right value may still be joined.
  const keepLeftMs = afterMs + latenessMs;
  const keepRightMs = beforeMs + latenessMs;
  // What can go is taken out some at a time: each time costs reading the lists.
  const pauseMs = Math.ceil((beforeMs + afterMs + latenessMs) / 8);
  return statefulDoFn<KV<K, Side<L, R>>, KV<K, Joined<L, R>>>()({
    state: {
      lefts: orderedListState<L>(),
      rights: orderedListState<R>(),
      isCleaning: valueState<boolean>(),
    },
    timers: { clean: eventTimer() },
    process({ key, value: side }, { state, timers, timestamp, output }) {
      const emit = (joined: Joined<L, R>, other: Timestamp): void =>
        output(kv(key, joined), { timestamp: later(timestamp, other) });
      if ("left" in side) {
        state.lefts.add(timestamp, side.left);
        for (const { value, timestamp: at } of near(state.rights, timestamp, beforeMs, afterMs)) {
          emit({ left: side.left, right: value }, at);
        }
      } else {
        state.rights.add(timestamp, side.right);
        for (const { value, timestamp: at } of near(state.lefts, timestamp, afterMs, beforeMs)) {
          emit({ left: value, right: side.right }, at);
        }
      }
      if (state.isCleaning.read() === true) return;
      state.isCleaning.write(true);
      const keepMs = "left" in side ? keepLeftMs : keepRightMs;
      timers.clean.withNoOutputTimestamp().offset(keepMs).setRelative();
    },
    onTimer: {
      clean({ state, timers, fireTimestamp }) {
        forget(state.lefts, addMs(fireTimestamp, -keepLeftMs));
        forget(state.rights, addMs(fireTimestamp, -keepRightMs));
        const next = earliestOf(
          [state.lefts.earliest(), keepLeftMs],
          [state.rights.earliest(), keepRightMs],
        );
        if (next === undefined) state.isCleaning.clear();
        else {
          const offsetMs = Math.max(pauseMs, next - fireTimestamp);
          timers.clean.withNoOutputTimestamp().offset(offsetMs).setRelative();
        }
      },
    },
  });
}

function near<T>(list: OrderedListState<T>, at: Timestamp, beforeMs: number, afterMs: number) {
  return list.readRange(addMs(at, -beforeMs), addMs(at, afterMs + 1));
}

/** When the first value of the lists can go; undefined if there is none. */
function earliestOf(
  ...sides: readonly (readonly [earliest: Timestamp | undefined, keepMs: number])[]
): Timestamp | undefined {
  const times = sides.flatMap(([earliest, keepMs]) =>
    earliest === undefined ? [] : addMs(earliest, keepMs),
  );
  return times.length === 0 ? undefined : times.reduce(earlier);
}

/** Takes out what lies at `until` or before. */
function forget(list: OrderedListState<unknown>, until: Timestamp): void {
  list.clearRange(MIN_TIMESTAMP, addMs(until, 1));
}
