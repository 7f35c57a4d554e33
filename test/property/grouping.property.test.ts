/**
 * Groupings: whatever the order within the watermark's promise, the bundles, the trigger and the
 * moments at which the state is stored and opened anew, windows hold in the end what one pass over
 * all elements puts into them (F2, F4, F6), and panes come in their order (N1).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Firing } from "../../functions/grouping.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  defaultTrigger,
  fixedWindows,
  never,
  orFinally,
  repeatedly,
  sessions,
  slidingWindows,
  type TriggerSpec,
} from "../../sdk/index.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW } from "../../sdk/model/window.ts";
import { windowsAssignerOf } from "../../sdk/windowing/window-fn.ts";
import {
  type DrivenElement,
  type DrivenMode,
  GroupingDriver,
  type GroupingNode,
  groupingNode,
} from "../support/grouping-driver.ts";
import { sessionsOf } from "../support/oracle.ts";
import { drivenModes } from "../support/transcripts.ts";

const GAP = 5;
const windowFns = [fixedWindows(10), slidingWindows(10, { period: 4 }), sessions(GAP)] as const;

/** Triggers that lose nothing that is on time. */
const triggers: readonly TriggerSpec[] = [
  defaultTrigger(),
  never(),
  afterWatermark(),
  afterWatermark({ early: afterCount(2) }),
  afterWatermark({ early: afterAll(afterCount(2), afterProcessingTime({ delay: 3 })) }),
  afterWatermark({ late: afterCount(2) }),
  repeatedly(afterCount(3)),
  repeatedly(afterProcessingTime({ delay: 5 })),
  repeatedly(afterAny(afterCount(4), afterProcessingTime({ alignTo: { period: 7 } }))),
  afterEach(afterCount(1), repeatedly(afterCount(2))),
  orFinally(repeatedly(afterCount(1)), afterWatermark()),
];

/** Elements in the order in which they come; their values tell them apart. */
const elements = fc
  .array(fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: -20, max: 40 })), {
    minLength: 1,
    maxLength: 24,
  })
  .map((list) => list.map(([key, time], i): DrivenElement => [key, 2 ** i, time]));

const script = fc.record({
  elements,
  windowFn: fc.constantFrom(...windowFns),
  trigger: fc.constantFrom(...triggers),
  accumulation: fc.constantFrom("discarding" as const, "accumulating" as const),
  timestampCombiner: fc.constantFrom(
    "endOfWindow" as const,
    "earliest" as const,
    "latest" as const,
  ),
  allowedLateness: fc.constantFrom(0, 6),
  kind: fc.constantFrom("groupByKey" as const, "combinePerKey" as const),
  /** After how many elements a bundle ends, how far below its promise the watermark is, the time. */
  pauses: fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(8), fc.nat(6)), {
    minLength: 1,
    maxLength: 8,
  }),
});
type Script = typeof script extends fc.Arbitrary<infer S> ? S : never;

function nodeOf({ kind, windowFn, ...options }: Script): GroupingNode {
  const { trigger, accumulation, timestampCombiner, allowedLateness } = options;
  return groupingNode(kind, windowFn, {
    trigger,
    accumulation,
    timestampCombiner,
    allowedLateness,
  });
}

interface Outcome {
  /** Panes of each step, in an order of their own, and what the tracker was told after it. */
  readonly steps: readonly unknown[];
  readonly panes: readonly Firing[];
  readonly driver: GroupingDriver;
}

/** @param rushMs - how far the watermark goes beyond its promise: then some elements are late */
function run(given: Script, mode: DrivenMode, rushMs = 0): Outcome {
  const driver = new GroupingDriver(nodeOf(given), mode);
  const steps: unknown[] = [];
  const panes: Firing[] = [];
  const note = (): void => {
    const fired = driver.take();
    panes.push(...fired);
    steps.push([fired.map((pane) => JSON.stringify(pane)).sort(), driver.progress]);
  };
  for (let from = 0, i = 0; from < given.elements.length; i++) {
    const [count, slack, pauseMs] = given.pauses[i % given.pauses.length]!;
    driver.add(given.elements.slice(from, from + count));
    note();
    from += count;
    driver.advanceProcessingTime(pauseMs);
    note();
    // The watermark's promise: nothing before it is still to come.
    const rest = given.elements.slice(from).map(([, , time]) => time);
    driver.advanceWatermark(Math.min(...rest, 100) - slack + rushMs);
    note();
  }
  driver.advanceWatermark(MAX_TIMESTAMP);
  note();
  return { steps, panes, driver };
}

/** What each key and window must hold, by `key start end`. */
function oracle({ elements: list, windowFn }: Script): Map<string, number[]> {
  const contents = new Map<string, number[]>();
  const put = (slot: string, value: number): void => {
    contents.set(slot, [...(contents.get(slot) ?? []), value]);
  };
  if (windowFn.kind === "sessions") {
    const events = list.map(([key, value, time]) => ({ key, value, time }));
    for (const [key, ofKey] of Map.groupBy(events, (event) => event.key)) {
      for (const { start, end, events: inside } of sessionsOf(ofKey, GAP)) {
        for (const { value } of inside) put(`${key} ${start} ${end}`, value);
      }
    }
    return contents;
  }
  const assign = windowsAssignerOf(windowFn);
  for (const [key, value, time] of list) {
    for (const { start, end } of assign(time as Timestamp, value, GLOBAL_WINDOW)) {
      put(`${key} ${start} ${end}`, value);
    }
  }
  return contents;
}

const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, n) => sum + n, 0);

/** A pane's contents as one number: values are different powers of two. */
function totalOf({ value }: Firing): number {
  return typeof value.value === "number" ? value.value : sumOf(value.value as number[]);
}

function slotOf({ value, window }: Firing): string {
  return `${value.key} ${window.start} ${window.end}`;
}

test("windows hold in the end what one pass puts into them, and leave nothing behind", () => {
  fc.assert(
    fc.property(script, (given) => {
      const { panes, driver } = run(given, drivenModes["kept open"]!);
      expect(driver.dropped).toEqual({ late: 0, closed: 0 });
      expect(driver.stateSize).toBe(0);
      const bySlot = Map.groupBy(panes, slotOf);
      for (const [slot, values] of oracle(given)) {
        const totals = (bySlot.get(slot) ?? []).map(totalOf);
        if (given.accumulation === "accumulating") expect(totals.at(-1)).toBe(sumOf(values));
        else if (given.windowFn.kind !== "sessions") expect(sumOf(totals)).toBe(sumOf(values));
      }
      if (given.accumulation === "discarding") {
        // Sessions that grew fired as other windows before: each value is in one pane of all.
        const expected = [...oracle(given).values()].flat();
        expect(sumOf(panes.map(totalOf))).toBe(sumOf(expected));
      }
    }),
    { numRuns: 400 },
  );
});

test("panes of a key and window go EARLY*, ON_TIME?, LATE*, and are numbered without a gap", () => {
  fc.assert(
    fc.property(script, (given) => {
      const { panes } = run(given, drivenModes["kept open"]!);
      for (const ofSlot of Map.groupBy(panes, slotOf).values()) {
        const infos = ofSlot.map(({ pane }) => pane);
        expect(infos.map(({ timing }) => timing).join(" ")).toMatch(
          /^(EARLY ?)*(ON_TIME ?)?(LATE ?)*$/,
        );
        expect(infos.map(({ index }) => index)).toEqual(infos.map((_, i) => i));
        expect(infos.map(({ isFirst }) => isFirst)).toEqual(infos.map((_, i) => i === 0));
        const late = infos.filter(({ timing }) => timing !== "EARLY");
        expect(late.map(({ onTimeIndex }) => onTimeIndex)).toEqual(late.map((_, i) => i));
        expect(infos.slice(0, -1).some(({ isLast }) => isLast)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test("a state that is stored and opened anew gives the same panes, holds and timers, with late elements too", () => {
  fc.assert(
    fc.property(script, fc.constantFrom(0, 5, 30), (given, rushMs) => {
      const outcomes = Object.values(drivenModes).map((mode) => run(given, mode, rushMs));
      const [kept, ...others] = outcomes.map(({ steps, driver }) => [steps, driver.dropped]);
      for (const other of others) expect(other).toEqual(kept);
      for (const { driver } of outcomes) expect(driver.stateSize).toBe(0);
    }),
    { numRuns: 400 },
  );
});
