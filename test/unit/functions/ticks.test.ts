/**
 * Ticks: a tick comes after the activity (I1), and few calls schedule it (I2).
 */
import { expect, test } from "vitest";
import { Ticks } from "../../../functions/ticks.ts";

const periodMs = 1_000;
const pace = { tickMs: periodMs, clockSkewMs: 200 };
const dayMs = 86_400_000;

function ticksAt(nowMs: { value: number }): { ticks: Ticks; wakes: [string, number][] } {
  const wakes: [string, number][] = [];
  const wakeups = { wake: async (name: string, dueMs: number) => void wakes.push([name, dueMs]) };
  const clock = { nowMs: () => nowMs.value, sleep: async () => {} };
  return { ticks: new Ticks(wakeups, clock, "job", pace), wakes };
}

test("a tick is due later than the activity, clock skew allowed for (I1)", async () => {
  for (const nowMs of [0, 1, 799, 800, 999, 1_000, 1_234]) {
    const { ticks, wakes } = ticksAt({ value: nowMs });
    await ticks.ensure();
    const dueMs = wakes[0]?.[1] ?? 0;
    expect(dueMs - nowMs).toBeGreaterThanOrEqual(200);
    expect(dueMs - nowMs).toBeLessThanOrEqual(periodMs + 200);
    expect(wakes[0]?.[0]).toBe(`tick-job-${dueMs / periodMs}`);
  }
});

test("one period costs an instance one call (I2)", async () => {
  const now = { value: 0 };
  const { ticks, wakes } = ticksAt(now);
  for (now.value = 0; now.value < 800; now.value += 50) await ticks.ensure();
  expect(wakes).toHaveLength(1);
  await ticks.ensure();
  expect(wakes).toHaveLength(2);
});

test("a call that failed is made again", async () => {
  let calls = 0;
  const wake = async (): Promise<void> => {
    if (++calls === 1) throw new Error("away");
  };
  const ticks = new Ticks({ wake }, { nowMs: () => 0, sleep: async () => {} }, "job", pace);
  await expect(ticks.ensure()).rejects.toThrow("away");
  await ticks.ensure();
  expect(calls).toBe(2);
});

test("a far tick is asked for within what Cloud Tasks takes, under the name of its own time", async () => {
  const { ticks, wakes } = ticksAt({ value: 0 });
  await ticks.ensureAt(400 * dayMs);
  const [name, dueMs] = wakes[0] ?? ["", 0];
  expect(dueMs).toBeLessThan(30 * dayMs);
  expect(dueMs).toBeGreaterThan(20 * dayMs);
  expect(name).toBe(`tick-job-${dueMs / periodMs}`);
});
