/**
 * Source watermark: the policies, silence, and that observing twice is observing once.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  advanceSource,
  NEW_SOURCE,
  nextChangeMs,
  type SourceState,
} from "../../../functions/source-watermark.ts";
import { type WatermarkPolicy, watermarks } from "../../../sdk/index.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../../../sdk/model/time.ts";
import { at } from "../../support/builders.ts";

const trailing = watermarks.trailing({ sample: 1_000, idle: 5_000 });
const bounded = watermarks.boundedOutOfOrderness(30, { idle: 5_000 });
const seen = (minTime: number, maxTime: number, atMs: number) => [
  { minTime: at(minTime), maxTime: at(maxTime), atMs },
];

function after(policy: WatermarkPolicy, ...steps: [number, number, number][]): SourceState {
  let state = NEW_SOURCE;
  for (const [minTime, maxTime, atMs] of steps) {
    state = advanceSource(state, policy, seen(minTime, maxTime, atMs), atMs);
  }
  return state;
}

test("a source that has given nothing stands at -∞, however long it is silent", () => {
  expect(advanceSource(NEW_SOURCE, trailing, [], 1e9).watermark).toBe(MIN_TIMESTAMP);
  expect(nextChangeMs(NEW_SOURCE, trailing, at(0), 1e9)).toBeUndefined();
});

test("trailing: nothing is known before a whole sample was seen, for a backlog comes in any order", () => {
  const state = after(trailing, [500, 500, 10_000], [100, 900, 10_900]);
  expect(state.watermark).toBe(MIN_TIMESTAMP);
  expect(advanceSource(state, trailing, [], 11_099).watermark).toBe(MIN_TIMESTAMP);
  expect(advanceSource(state, trailing, [], 11_100).watermark).toBe(100);
});

test("trailing: the smallest event time of the sample, until it has left the sample", () => {
  const state = after(trailing, [100, 200, 10_000], [150, 300, 10_500], [170, 300, 11_100]);
  expect(state.watermark).toBe(100);
  expect(advanceSource(state, trailing, [], 11_599).watermark).toBe(100);
  expect(advanceSource(state, trailing, [], 11_600).watermark).toBe(150);
});

test("trailing: a tick is wanted when the oldest slice leaves, if anybody waits", () => {
  const state = after(trailing, [100, 200, 10_000]);
  expect(nextChangeMs(state, trailing, at(1_000), 10_001)).toBe(11_100);
});

test("trailing: the last sample holds when it has left, until messages come or the source is idle", () => {
  const state = after(trailing, [100, 200, 10_000]);
  expect(advanceSource(state, trailing, [], 14_999).watermark).toBe(100);
});

test("bounded out-of-orderness: the largest event time less the delay", () => {
  expect(after(bounded, [100, 200, 1], [50, 120, 2]).watermark).toBe(170);
});

test.each([trailing, bounded])(
  "idle: $kind follows processing time after the silence",
  (policy) => {
    const state = after(policy, [100, 200, 10_000]);
    expect(advanceSource(state, policy, [], 14_999).watermark).toBeLessThanOrEqual(200);
    expect(advanceSource(state, policy, [], 15_000).watermark).toBe(10_000);
    expect(advanceSource(state, policy, [], 20_000).watermark).toBe(15_000);
  },
);

test("without an idle rule silence changes nothing", () => {
  const policy = watermarks.boundedOutOfOrderness(30);
  const state = after(policy, [100, 200, 10_000]);
  expect(advanceSource(state, policy, [], 1e9)).toEqual(state);
  expect(nextChangeMs(state, policy, at(1_000), 10_001)).toBeUndefined();
});

test("observing one thing twice changes nothing, and the watermark never goes back (W1)", () => {
  const observation = fc.record({ time: fc.nat(500), spread: fc.nat(100), delay: fc.nat(2_000) });
  fc.assert(
    fc.property(fc.constantFrom(trailing, bounded), fc.array(observation), (policy, steps) => {
      let state = NEW_SOURCE;
      let nowMs = 10_000;
      for (const { time, spread, delay } of steps) {
        nowMs += delay;
        const observed = seen(time, time + spread, nowMs);
        const next = advanceSource(state, policy, observed, nowMs);
        expect(advanceSource(next, policy, observed, nowMs)).toEqual(next);
        expect(next.watermark).toBeGreaterThanOrEqual(state.watermark);
        state = next;
      }
    }),
  );
});

test("the next change is when the watermark really has passed the timer, and not before", () => {
  const state = after(bounded, [100, 200, 10_000]);
  for (const timer of [180, 9_999, 10_000, 12_345]) {
    const atMs = nextChangeMs(state, bounded, at(timer), 10_001);
    expect(atMs).toBeDefined();
    expect(advanceSource(state, bounded, [], Number(atMs)).watermark).toBeGreaterThan(timer);
    expect(advanceSource(state, bounded, [], Number(atMs) - 1).watermark).toBeLessThanOrEqual(
      timer,
    );
  }
});

test("nobody is woken for a timer that processing time never reaches: the global window's end", () => {
  const state = after(bounded, [100, 200, 10_000]);
  const globalEnd = at(MAX_TIMESTAMP - 86_400_000);
  expect(nextChangeMs(state, bounded, globalEnd, 10_001)).toBeUndefined();
});
