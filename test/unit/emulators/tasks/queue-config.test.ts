import { describe, expect, test } from "vitest";
import { backoffMs, isExhausted } from "../../../../emulators/tasks/queue-config.ts";

const rule = {
  attemptsMax: 3,
  durationMsMax: 0,
  backoffMsMin: 10_000,
  backoffMsMax: 300_000,
  doublingsMax: 3,
};

describe("the backoff of a queue", () => {
  test("doubles, then grows in equal steps, up to the most: Google's own example", () => {
    const seconds = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoffMs(rule, attempt) / 1000);
    expect(seconds).toEqual([10, 20, 40, 80, 160, 240, 300, 300]);
  });

  test("stays finite for any attempt", () => {
    expect(backoffMs({ ...rule, doublingsMax: 16 }, 5000)).toBe(300_000);
  });
});

describe("a task that failed", () => {
  test.each([
    ["is tried again below the most attempts", rule, 2, 0, false],
    ["is given up at the most attempts", rule, 3, 0, true],
    ["is kept until the duration has passed too", { ...rule, durationMsMax: 1000 }, 9, 999, false],
    ["is given up when both have passed", { ...rule, durationMsMax: 1000 }, 9, 1000, true],
    ["is never given up with -1", { ...rule, attemptsMax: -1 }, 10_000, 1e9, false],
  ])("%s", (_title, given, attempts, sinceFirstMs, expected) => {
    expect(isExhausted(given, { attempts, sinceFirstMs })).toBe(expected);
  });
});
