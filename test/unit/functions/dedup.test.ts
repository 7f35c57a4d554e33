/**
 * Dedup: an id is taken once within the retention, and forgotten after it (Q1).
 */
import { expect, test } from "vitest";
import { Dedup } from "../../../functions/dedup.ts";
import { ShardState } from "../../../functions/state.ts";

const retentionMs = 1_000;

test("an id is taken once, also before anything is settled", () => {
  const dedup = new Dedup(new ShardState(1_000), retentionMs);
  expect([dedup.add("a"), dedup.add("b"), dedup.add("a")]).toEqual([true, true, false]);
});

test("an id is known until the retention has passed, and can be taken again then", () => {
  const dedup = new Dedup(new ShardState(1_000), retentionMs);
  dedup.add("a");
  dedup.settle(0);
  dedup.settle(999);
  expect(dedup.add("a")).toBe(false);
  dedup.settle(1_000);
  expect(dedup.add("a")).toBe(true);
});

test("a reload knows the same ids and forgets them at the same time, also past ten groups", () => {
  const state = new ShardState(1_000);
  const dedup = new Dedup(state, retentionMs);
  for (let i = 0; i < 40; i++) {
    dedup.add(`id ${i}`);
    dedup.settle(i * 10);
  }
  const again = new Dedup(state, retentionMs);
  expect(again.add("id 0")).toBe(false);
  again.add("new");
  again.settle(1_100); // Forgets what was settled until 100: ids 0 to 10.
  const known = Array.from({ length: 40 }, (_, i) => !new Dedup(state, retentionMs).add(`id ${i}`));
  expect(known.indexOf(true)).toBe(11);
  expect(known.slice(11).every(Boolean)).toBe(true);
});

test("a settle without anything new writes nothing", () => {
  const state = new ShardState(1_000);
  new Dedup(state, retentionMs).settle(5);
  expect(state.size).toBe(0);
});
