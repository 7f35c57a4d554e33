/**
 * Workloads of splittable reads.
 */
import {
  count,
  fixedWindows,
  kv,
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  ProcessContinuation,
  pipeline,
  type ReadContext,
  type SplittableDoFn,
  splitOffsetRange,
  splittable,
  sum,
  watermarkEstimators,
} from "../../../sdk/index.ts";
import { sumByWindow } from "../../support/oracle.ts";

import {
  documents,
  type Event,
  eventsOf,
  keyed,
  mergedPanes,
  originMs,
  paned,
  type Workload,
} from "./workload.ts";

/** An unbounded read in two parts that pause, in windows; a drain leaves what they still owe. */
export function splittableRead(seed: number): Workload {
  const half = 28;
  const events = eventsOf(seed, 2 * half).map((e, i) => ({ ...e, time: originMs + i * 40 }));
  const source = splittable({
    name: "paused",
    bounded: false,
    watermark: watermarkEstimators.monotonicallyIncreasing(),
    initialRestriction: () => ({ from: 0, to: MAX_OFFSET, part: 0 }),
    split: (range) => [range, { ...range, part: 1 }],
    newTracker: (range) => new OffsetRangeTracker(range),
    process(tracker, out: ReadContext<Event>) {
      const { from, part } = tracker.currentRestriction();
      const to = Math.min(from + 4, half);
      for (const [i, event] of events.filter((_, n) => n % 2 === part).entries()) {
        if (i < from || i >= to) continue;
        if (!tracker.tryClaim(i)) return ProcessContinuation.stop();
        out.output(event, { timestamp: event.time });
      }
      return ProcessContinuation.resume({ delay: { milliseconds: 1_500 } });
    },
    truncate: (range) => (range.from < half ? { ...range, to: half } : undefined),
  });
  return {
    name: "splittable read",
    pipeline: pipeline("sim-reads", (p) =>
      p
        .read(source)
        .windowInto(fixedWindows(500))
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    async feed(mesh) {
      await mesh.run(mesh.nowMs + 20_000);
    },
    answer: sumByWindow(events, 500),
    result: mergedPanes,
  };
}

/** A bounded read of each element, cut into parts for all shards. */
export function readEach(seed: number): Workload {
  const jobs = eventsOf(seed, 25).map(({ value }, i) => ({ name: `j${i}`, length: value % 40 }));
  const fn: SplittableDoFn<(typeof jobs)[number], string, OffsetRange, number> = {
    name: "jobs",
    bounded: true,
    initialRestriction: ({ length }) => ({ from: 0, to: length }),
    split: (range, wanted) => splitOffsetRange(range, wanted, 8),
    newTracker: (range) => new OffsetRangeTracker(range),
    async process({ name }, tracker, out) {
      for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) out.output(name);
    },
  };
  return {
    name: "readEach",
    pipeline: pipeline("sim-each", (p) =>
      p
        .create(jobs)
        .readEach(fn)
        .keyBy((name) => name)
        .combinePerKey(count())
        .write(keyed),
    ),
    answer: Object.fromEntries(
      jobs.filter(({ length }) => length > 0).map(({ name, length }) => [name, length]),
    ),
    result: documents,
  };
}
