/**
 * Watermark estimators: each goes up only, and goes on from the state that the one before left.
 */
import { expect, test } from "vitest";
import {
  type EstimatorStart,
  MIN_TIMESTAMP,
  type NewWatermarkEstimator,
  type WatermarkEstimator,
  watermarkEstimators,
} from "../../../../sdk/index.ts";
import { at } from "../../../support/builders.ts";
import { meshErrorOf } from "../errors.ts";

let nowMs = 1_000;
const start: EstimatorStart = { timestamp: MIN_TIMESTAMP, nowMs: () => nowMs };

function again(make: NewWatermarkEstimator, before: WatermarkEstimator): WatermarkEstimator {
  return make(JSON.parse(JSON.stringify(before.state())), start);
}

test("a manual one says what it is told, and can't be told to go back", () => {
  const make = watermarkEstimators.manual();
  const estimator = make(undefined, start);
  expect(estimator.currentWatermark()).toBe(MIN_TIMESTAMP);
  estimator.setWatermark?.(at(5));
  expect(again(make, estimator).currentWatermark()).toBe(5);
  expect(meshErrorOf(() => estimator.setWatermark?.(at(4))).code).toBe("ERR_TIMESTAMP");
  expect(estimator.observe).toBeUndefined();
});

test("a monotonically increasing one is the latest time that was given", () => {
  const make = watermarkEstimators.monotonicallyIncreasing();
  const estimator = make(undefined, start);
  for (const time of [3, 7, 6]) estimator.observe?.(at(time));
  expect(again(make, estimator).currentWatermark()).toBe(7);
});

test("wall time is processing time, even if the clock goes back", () => {
  const make = watermarkEstimators.wallTime();
  const estimator = make(undefined, start);
  expect(estimator.currentWatermark()).toBe(1_000);
  nowMs = 900;
  expect(again(make, estimator).currentWatermark()).toBe(1_000);
  nowMs = 1_100;
  expect(again(make, estimator).currentWatermark()).toBe(1_100);
});

test("each begins with the time of the element that is read", () => {
  const later = { ...start, timestamp: at(2_000) };
  const { manual, monotonicallyIncreasing, wallTime } = watermarkEstimators;
  for (const make of [manual(), monotonicallyIncreasing(), wallTime()]) {
    expect(make(undefined, later).currentWatermark()).toBe(2_000);
  }
});
