/**
 * Triggers in a grouping: what cells store with and without one, how many panes come of Nexmark's
 * query 6, and that what a bound leaves over comes though the shard is opened elsewhere (A7).
 */
import { expect, test } from "vitest";
import { Grouping } from "../../../functions/grouping.ts";
import { ShardState } from "../../../functions/state.ts";
import {
  afterCount,
  afterProcessingTime,
  fixedWindows,
  globalWindow,
  repeatedly,
  type WindowOptions,
} from "../../../sdk/index.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../../sdk/model/time.ts";
import { windowKey } from "../../../sdk/model/window.ts";
import { at, columnsOf } from "../../support/builders.ts";
import { GroupingDriver, type GroupingNode, groupingNode } from "../../support/grouping-driver.ts";

const window = windowKey({ start: at(0), end: at(10) });

/** The entries of a grouping with one element of key "k". */
function entriesOf(kind: GroupingNode["kind"], options: WindowOptions): [string, string][] {
  const state = new ShardState(1_000);
  const grouping = new Grouping(groupingNode(kind, fixedWindows(10), options), state);
  const watermarks = [MIN_TIMESTAMP, MIN_TIMESTAMP] as const;
  const moment = { watermarks, nowMs: 7, synchronizedMs: Number.NEGATIVE_INFINITY };
  grouping.add(columnsOf(window, [["k", 3]]), "slot", () => true, moment);
  grouping.fire(moment, 100);
  grouping.settle();
  return [...state.entries()];
}

test("with the default trigger a cell stores what it did before there were others", () => {
  expect(entriesOf("combinePerKey", {})).toEqual([
    [`k ${window} sk`, `[3,${MAX_TIMESTAMP},true,null,0]`],
  ]);
  expect(entriesOf("groupByKey", {})).toEqual([
    [`v0 ${window} sk`, "[3]"],
    [`k ${window} sk`, `[null,${MAX_TIMESTAMP},true,null,1]`],
  ]);
});

test("another trigger adds its few numbers, and a closed window keeps nothing else", () => {
  const waiting = afterProcessingTime({ delay: 10 });
  const options = { trigger: repeatedly(waiting), accumulation: "discarding" } as const;
  expect(entriesOf("combinePerKey", options)).toEqual([
    [`k ${window} sk`, `[3,${MAX_TIMESTAMP},true,null,0,{"trigger":[[],[1,17]]}]`],
  ]);
  const closing = { trigger: afterCount(1), accumulation: "accumulating" } as const;
  expect(entriesOf("groupByKey", closing)).toEqual([
    [`k ${window} sk`, `[null,${MAX_TIMESTAMP},false,null,0,{"trigger":[[0],[]]}]`],
  ]);
});

test("Nexmark's query 6: 298 winning bids of 103 sellers give 401 panes", () => {
  const driver = new GroupingDriver(
    groupingNode("combinePerKey", globalWindow(), {
      trigger: repeatedly(afterCount(1)),
      accumulation: "accumulating",
    }),
    { reopens: false, firingsMax: 50 },
  );
  for (let i = 0; i < 298; i++) driver.add([[`seller ${i % 103}`, 1, i]]);
  driver.advanceWatermark(MAX_TIMESTAMP);
  const panes = driver.take();
  expect(panes).toHaveLength(401);
  const timings = Map.groupBy(panes, ({ pane }) => pane.timing);
  expect(timings.get("EARLY")).toHaveLength(298);
  expect(timings.get("ON_TIME")).toHaveLength(103);
  const last = (timings.get("ON_TIME") ?? []).map(({ value }) => Number(value.value));
  expect(last.reduce((sum, n) => sum + n, 0)).toBe(298);
  expect(driver.stateSize).toBe(0);
});

test("cells that a bound left over wait to be told, of their time or of the end", () => {
  const trigger = repeatedly(afterProcessingTime({ delay: 10 }));
  const options = { trigger, accumulation: "discarding" } as const;
  const node = groupingNode("combinePerKey", fixedWindows(10), options);
  const state = new ShardState(1_000);
  const momentAt = (nowMs: number, input: Timestamp = MIN_TIMESTAMP) => ({
    watermarks: [input, MIN_TIMESTAMP] as const,
    nowMs,
    synchronizedMs: Number.NEGATIVE_INFINITY,
  });
  let grouping = new Grouping(node, state);
  const elements = ["a", "b", "c"].map((key) => [key, 1] as const);
  grouping.add(columnsOf(window, elements), "slot", () => true, momentAt(0));
  expect(grouping.fire(momentAt(0), 2).isDone).toBe(true);
  expect(grouping.nextProcessingMs()).toBe(11);
  const fired = grouping.fire(momentAt(11), 2);
  expect([fired.firings.length, fired.isDone]).toEqual([2, false]);
  // Still due, so that the tracker tells the shard again should the message to itself be slow.
  expect(grouping.nextProcessingMs()).toBe(11);
  grouping.settle();
  grouping = new Grouping(node, state);
  const rest = grouping.fire(momentAt(11), 2);
  expect([rest.firings.length, rest.isDone]).toEqual([1, true]);
  expect(grouping.nextProcessingMs()).toBe(MAX_TIMESTAMP);
  const ended = grouping.fire(momentAt(20, at(10)), 2);
  expect([ended.firings.length, ended.isDone, grouping.nextTimer()]).toEqual([2, false, 9]);
});
