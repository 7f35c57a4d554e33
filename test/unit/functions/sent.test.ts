/**
 * Sent: numbers without a gap, and few ranges that never promise too much (S1 to S3).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  dropPassedRanges,
  isCrowded,
  numberBundle,
  type SentJson,
} from "../../../functions/sent.ts";
import { at } from "../../support/builders.ts";

const target = "stage-a/3";
const times = fc.array(fc.nat(30), { minLength: 1, maxLength: 60 });

test("numbers to one target count up from 0 without a gap, and targets are apart (S1)", () => {
  const sent: SentJson = {};
  expect([1, 2, 3].map(() => numberBundle(sent, target, at(5)))).toEqual([0, 1, 2]);
  expect(numberBundle(sent, "stage-a/4", at(5))).toBe(0);
});

test("every bundle lies in one range whose time is not later than its own (S2, S3)", () => {
  fc.assert(
    fc.property(times, (minTimes) => {
      const sent: SentJson = {};
      for (const time of minTimes) numberBundle(sent, target, at(time));
      const ranges = sent[target]?.ranges ?? [];
      expect(ranges.length).toBeLessThanOrEqual(16);
      minTimes.forEach((time, sequence) => {
        const covering = ranges.filter(([from, to]) => from <= sequence && sequence <= to);
        expect(covering).toHaveLength(1);
        expect(covering[0]?.[2]).toBeLessThanOrEqual(time);
      });
    }),
  );
});

test("a range is forgotten when the target's watermark has passed it, not when it has reached it", () => {
  const sent: SentJson = {};
  for (const time of [10, 20, 30]) numberBundle(sent, target, at(time));
  dropPassedRanges(sent, (stage) => (stage === "stage-a" ? at(20) : undefined));
  expect(sent[target]?.ranges).toEqual([
    [1, 1, 20],
    [2, 2, 30],
  ]);
  expect(sent[target]?.next).toBe(3);
});

test("a target whose watermark is not told keeps its ranges", () => {
  const sent: SentJson = {};
  numberBundle(sent, target, at(10));
  dropPassedRanges(sent, () => undefined);
  expect(sent[target]?.ranges).toHaveLength(1);
});

test("many open ranges crowd a shard, one range of many bundles does not", () => {
  const sent: SentJson = {};
  for (let i = 0; i < 100; i++) numberBundle(sent, target, at(1));
  expect(isCrowded(sent)).toBe(false);
  for (let i = 0; i < 9; i++) numberBundle(sent, target, at(i + 2));
  expect(isCrowded(sent)).toBe(true);
});
