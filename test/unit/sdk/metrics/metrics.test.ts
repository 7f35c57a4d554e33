/**
 * Metrics as user code sees them: names, and calls with nobody to count them.
 */
import { afterEach, expect, test } from "vitest";
import { metrics } from "../../../../sdk/index.ts";
import { metricsHook } from "../../../../sdk/metrics/hook.ts";
import { codeOf } from "../../../support/builders.ts";

afterEach(() => {
  metricsHook.current = undefined;
});

/** What a step is told while `work` runs. */
function told(work: () => void): (readonly [key: string, value: number | string])[] {
  const updates: (readonly [string, number | string])[] = [];
  metricsHook.current = { update: (key, value) => void updates.push([key, value]) };
  work();
  return updates;
}

test("a metric tells the running step its kind, namespace and name", () => {
  const updates = told(() => {
    metrics.counter("orders", "dropped").add();
    metrics.counter("orders", "dropped").add(-2);
    metrics.distribution("orders", "items").update(2.5);
    metrics.gauge("cache", "entries/old").set(0);
    metrics.stringSet("currencies").add("EUR", "USD");
  });
  expect(updates).toEqual([
    ["c:orders/dropped", 1],
    ["c:orders/dropped", -2],
    ["d:orders/items", 2.5],
    ["g:cache/entries/old", 0],
    ["s:user/currencies", "EUR"],
    ["s:user/currencies", "USD"],
  ]);
});

test("outside of a running pipeline a call does nothing", () => {
  expect(metrics.counter("a").add()).toBeUndefined();
  expect(metrics.gauge("a").set(Number.NaN)).toBeUndefined();
  expect(metrics.stringSet("a").add("x")).toBeUndefined();
});

test("what is no number is refused where it is counted", () => {
  const { add } = metrics.counter("orders", "dropped");
  expect(() => told(() => add(Number.NaN))).toThrow(/orders\/dropped: not a number: NaN/);
  expect(() => told(() => metrics.gauge("a").set(Number.POSITIVE_INFINITY))).toThrow(RangeError);
});

test.each<[string, () => unknown]>([
  ["an empty name", () => metrics.counter("")],
  ["an empty namespace", () => metrics.gauge(" ", "a")],
  ["a name of 101 characters", () => metrics.stringSet("x".repeat(101))],
  ["a namespace with a slash", () => metrics.distribution("a/b", "c")],
])("%s is ERR_OPTION", async (_, make) => {
  expect(await codeOf(make)).toBe("ERR_OPTION");
});

test("making a metric is known to all copies of the SDK in the process", () => {
  metrics.counter("made");
  const shared = (globalThis as Record<symbol, unknown>)[Symbol.for("tidemark.metrics")];
  expect(shared).toBe(metricsHook);
  expect(metricsHook.isUsed).toBe(true);
});
