/**
 * What the engine counts of itself: histograms, rates and hot keys, against direct computations.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeProgress, newProgress } from "../../../../functions/head.ts";
import {
  addDuration,
  histogramResult,
  mergeHistograms,
} from "../../../../functions/metrics/histogram.ts";
import { HotKeys, hotKeysResult } from "../../../../functions/metrics/hot-keys.ts";
import { addCounts, mergeRates, rateResult } from "../../../../functions/metrics/rates.ts";
import { mergeWork, WorkGathered, withOperations } from "../../../../functions/metrics/work.ts";
import { textHash } from "../../../../sdk/model/text-hash.ts";

const MINUTE_MS = 60_000;

function histogramOf(durations: readonly number[]): number[] {
  const histogram: number[] = [];
  for (const ms of durations) addDuration(histogram, ms);
  return histogram;
}

test("a quantile lies within a factor of two of the exact one, and never above the largest", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 200 }), (durations) => {
      const sorted = durations.toSorted((a, b) => a - b);
      const result = histogramResult(histogramOf(durations));
      expect(result).toMatchObject({ count: durations.length, maxMs: sorted.at(-1) });
      for (const [fraction, got = 0] of [
        [0.5, result?.p50Ms],
        [0.95, result?.p95Ms],
      ] as const) {
        const exact = sorted[Math.ceil(fraction * sorted.length) - 1] ?? 0;
        expect(got).toBeGreaterThanOrEqual(Math.floor(exact / 2));
        expect(got).toBeLessThanOrEqual(Math.max(1, exact * 2));
        expect(got).toBeLessThanOrEqual(result?.maxMs ?? 0);
      }
    }),
  );
});

test("two histograms as one are that of all durations; none is no histogram", () => {
  const durations = fc.array(fc.nat(5_000));
  fc.assert(
    fc.property(durations, durations, (a, b) => {
      const merged = mergeHistograms(histogramOf(a), histogramOf(b));
      expect(histogramResult(merged)).toEqual(histogramResult(histogramOf([...a, ...b])));
    }),
  );
  expect(histogramResult([])).toBeUndefined();
});

test("the rate is what was counted in the last three minutes, whatever the order of merging", () => {
  const counted = fc.tuple(fc.nat(6 * MINUTE_MS), fc.nat(100), fc.nat(100));
  fc.assert(
    fc.property(fc.array(counted, { maxLength: 20 }), fc.nat(20), (all, cut) => {
      const nowMs = 6 * MINUTE_MS;
      const rateOf = (some: typeof all): readonly number[] =>
        some.reduce<readonly number[]>((rate, each) => addCounts(rate, ...each), []);
      const merged = mergeRates(rateOf(all.slice(0, cut)), rateOf(all.slice(cut)));
      const recent = all.filter(([atMs]) => Math.floor(atMs / MINUTE_MS) > 3);
      const sum = (side: 1 | 2): number => recent.reduce((s, each) => s + each[side], 0);
      // Two whole minutes, and the one at hand that has just begun.
      const { inPerSecond, outPerSecond } = rateResult(merged, nowMs, 0);
      expect(inPerSecond).toBeCloseTo(sum(1) / 120);
      expect(outPerSecond).toBeCloseTo(sum(2) / 120);
    }),
  );
});

test("before a rate has minutes, it is since the launch; once it is old, it is zero", () => {
  const rate = addCounts([], 10_000, 50, 5);
  expect(rateResult(rate, 15_000, 5_000)).toEqual({ inPerSecond: 5, outPerSecond: 0.5 });
  expect(rateResult(rate, 10 * MINUTE_MS, 5_000)).toEqual({ inPerSecond: 0, outPerSecond: 0 });
});

test("a key with a third of the elements is told of with about its share, and as its hash", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 500 }),
      (bundles, size) => {
        const keys = Array.from({ length: bundles * size }, (_, i) =>
          i % 3 === 0 ? "hot" : `cold ${i}`,
        );
        let hot = new HotKeys();
        for (let at = 0; at < keys.length; at += size) {
          hot.add(keys.slice(at, at + size));
          hot = new HotKeys(JSON.parse(JSON.stringify(hot.toJson())));
        }
        const [total, ...rest] = hot.toJson();
        expect(total).toBe(keys.length);
        expect(rest.length).toBeLessThanOrEqual(24);
        expect(JSON.stringify(rest)).not.toContain("cold");
        // Few elements say little.
        if (keys.length < 2_000) return;
        const [first] = hotKeysResult(hot.toJson(), 0.1);
        expect(first?.hash).toBe(textHash("hot"));
        expect(first?.share).toBeGreaterThan(0.15);
        expect(first?.share).toBeLessThan(0.5);
      },
    ),
  );
});

test("keys that are all alike in number are not told of, however many there are", () => {
  const hot = new HotKeys();
  for (let i = 0; i < 500; i++) hot.add(Array.from({ length: 1_000 }, (_, j) => `key ${j}`));
  expect(hotKeysResult(hot.toJson(), 0.1)).toEqual([]);
  expect(Number(hot.toJson()[0])).toBeLessThanOrEqual(200_000);
});

test("what is offered to a commit that fails is offered again, and once it is stored no more", () => {
  const gathered = new WorkGathered();
  gathered.add({ conflicts: 1 });
  expect(gathered.offer({ retries: 2 })).toEqual({ conflicts: 1, retries: 2 });
  gathered.did({ documentsRead: 3 });
  const second = gathered.offer({ taken: 4 });
  expect(second).toMatchObject({ conflicts: 1, taken: 4 });
  expect(second.operations?.[2]).toBe(3);
  gathered.add({ conflicts: 5 });
  gathered.stored();
  expect(gathered.offer({})).toEqual({ conflicts: 5 });
});

test("work merges into sums, and what was never counted reads as nothing", () => {
  const a = withOperations({ taken: 2, sent: { x: 1 } }, { commits: 1 });
  const b = withOperations({ taken: 3, sent: { x: 4, y: 1 } }, { commits: 1, messages: 2 });
  const merged = mergeWork(a, b);
  expect(merged).toEqual({ taken: 5, sent: { x: 5, y: 1 }, operations: [0, 2, 0, 0, 0, 0, 2, 0] });
  expect(mergeWork(undefined, undefined)).toEqual({});
  expect(decodeProgress(JSON.stringify(newProgress())).work).toBeUndefined();
});
