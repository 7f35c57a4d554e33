/**
 * Grouping: panes of fixed windows by the default trigger (F1 to F4), and that a reload in the
 * middle changes nothing.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Firing,
  Grouping,
  type Moment,
  type Watermarks,
} from "../../../functions/grouping.ts";
import { ShardState } from "../../../functions/state.ts";
import { fixedWindows, pipeline, sum, type WindowOptions } from "../../../sdk/index.ts";
import type { CombinePerKeyNode, GroupByKeyNode } from "../../../sdk/model/graph.ts";
import { MAX_TIMESTAMP } from "../../../sdk/model/time.ts";
import { windowKey } from "../../../sdk/model/window.ts";
import { at, columnsOf } from "../../support/builders.ts";

type GroupNode = CombinePerKeyNode | GroupByKeyNode;
const window = (start: number): string => windowKey({ start: at(start), end: at(start + 10) });

function nodeOf(kind: GroupNode["kind"], options: WindowOptions = {}): GroupNode {
  const built = pipeline("grouping", (p) => {
    const keyed = p
      .create<number>([])
      .windowInto(fixedWindows(10), options)
      .keyBy((n) => n);
    if (kind === "groupByKey") keyed.groupByKey();
    else keyed.combinePerKey(sum());
  });
  return built.graph.nodes.find((node): node is GroupNode => node.kind === kind)!;
}

/** A grouping with the watermarks that its shard knows. */
class Grouped {
  grouping: Grouping;
  watermarks: Watermarks = [at(0), at(0)];
  readonly state = new ShardState(50);
  readonly node: GroupNode;

  constructor(kind: GroupNode["kind"], options: WindowOptions = {}) {
    this.node = nodeOf(kind, options);
    this.grouping = new Grouping(this.node, this.state);
  }

  add(start: number, key: string, value: number, time?: number): number {
    const columns = columnsOf(window(start), [[key, value, time]]);
    return this.grouping.add(columns, "slot", () => true, this.moment);
  }

  get moment(): Moment {
    return { watermarks: this.watermarks, nowMs: 0, synchronizedMs: Number.NEGATIVE_INFINITY };
  }

  fire(
    input: number = this.watermarks[0],
    output: number = this.watermarks[1],
    firingsMax = 100,
  ): string[] {
    this.watermarks = [at(input), at(output)];
    return this.grouping.fire(this.moment, firingsMax).firings.map(describe);
  }

  reload(): void {
    this.grouping.settle();
    this.grouping = new Grouping(this.node, this.state);
  }
}

function describe({ value, timestamp, pane }: Firing): string {
  const last = pane.isLast ? " last" : "";
  return `${value.key}=${JSON.stringify(value.value)} @${timestamp} ${pane.timing} ${pane.index}${last}`;
}

test("a window fires when the watermark is after its last timestamp, once and for the last time", () => {
  const grouped = new Grouped("combinePerKey");
  grouped.add(0, "a", 1);
  grouped.add(0, "a", 2);
  expect(grouped.grouping.nextTimer()).toBe(9);
  expect(grouped.fire(9)).toEqual([]);
  expect(grouped.fire(10)).toEqual(["a=3 @9 ON_TIME 0 last"]);
  expect(grouped.fire(50)).toEqual([]);
  grouped.reload();
  expect(grouped.state.size).toBe(0);
  expect([grouped.grouping.hold(), grouped.grouping.nextTimer()]).toEqual([
    MAX_TIMESTAMP,
    MAX_TIMESTAMP,
  ]);
});

test("without lateness an element behind the end of its window is dropped and counted", () => {
  const grouped = new Grouped("combinePerKey");
  grouped.fire(9);
  expect(grouped.add(0, "a", 1)).toBe(0);
  grouped.fire(10);
  expect(grouped.add(0, "a", 1)).toBe(1);
});

test("late elements give late panes until the lateness is over, then they are dropped", () => {
  const grouped = new Grouped("combinePerKey", { allowedLateness: 5 });
  grouped.add(0, "a", 1);
  expect(grouped.fire(10, 9)).toEqual(["a=1 @9 ON_TIME 0"]);
  grouped.add(0, "a", 5);
  expect(grouped.fire(14, 14)).toEqual(["a=5 @9 LATE 1"]);
  expect(grouped.add(0, "a", 7)).toBe(0); // 9 + 5 is not behind 14.
  expect(grouped.fire(15, 15)).toEqual(["a=7 @9 LATE 2"]);
  expect(grouped.add(0, "a", 9)).toBe(1);
  grouped.grouping.settle();
  expect(grouped.state.size).toBe(0);
});

test("the first pane of a window that the output watermark has passed is late", () => {
  const grouped = new Grouped("combinePerKey", { allowedLateness: 5 });
  grouped.fire(12, 12);
  grouped.add(0, "a", 1);
  expect(grouped.fire()).toEqual(["a=1 @9 LATE 0"]);
});

test("accumulating panes hold all so far, discarding ones what is new", () => {
  for (const kind of ["combinePerKey", "groupByKey"] as const) {
    const panes = (accumulation: "accumulating" | "discarding"): string[] => {
      const grouped = new Grouped(kind, { allowedLateness: 50, accumulation });
      grouped.add(0, "a", 1);
      const first = grouped.fire(10, 9);
      grouped.reload();
      grouped.add(0, "a", 2);
      return [...first, ...grouped.fire(11, 11)].map((pane) => pane.split(" ")[0] ?? "");
    };
    const isSum = kind === "combinePerKey";
    expect(panes("accumulating")).toEqual(isSum ? ["a=1", "a=3"] : ["a=[1]", "a=[1,2]"]);
    expect(panes("discarding")).toEqual(isSum ? ["a=1", "a=2"] : ["a=[1]", "a=[2]"]);
  }
});

test("closing fireAlways emits a last pane though it is empty, and holds the watermark until then", () => {
  const grouped = new Grouped("groupByKey", { allowedLateness: 5, closing: "fireAlways" });
  grouped.add(0, "a", 1);
  expect(grouped.fire(10, 9)).toEqual(["a=[1] @9 ON_TIME 0"]);
  expect(grouped.grouping.hold()).toBe(14);
  expect(grouped.fire(15, 14)).toEqual(["a=[] @9 LATE 1 last"]);
  expect(grouped.grouping.hold()).toBe(MAX_TIMESTAMP);
});

test("what was buffered is emitted when the watermark jumps past the lateness at once (F2)", () => {
  const grouped = new Grouped("groupByKey", { allowedLateness: 5 });
  grouped.add(0, "a", 1);
  expect(grouped.fire(1_000, 9)).toEqual(["a=[1] @9 ON_TIME 0"]);
});

test.each<["earliest" | "latest", (readonly [number, ...number[]])[]]>([
  // [timestamp of the pane, times of the elements]
  [
    "earliest",
    [
      [3, 5, 3, 7],
      [3, 3, 9],
      [9, 9],
    ],
  ],
  [
    "latest",
    [
      [7, 5, 3, 7],
      [9, 9, 5],
      [9, 5, 9],
    ],
  ],
])(
  "the timestamp of a pane is the %s of its elements, in any order (F4)",
  (timestampCombiner, cases) => {
    for (const [expected, ...times] of cases) {
      const grouped = new Grouped("combinePerKey", { timestampCombiner });
      for (const time of times) grouped.add(0, "a", 1, time);
      expect(grouped.grouping.hold()).toBe(expected);
      expect(grouped.fire(10, 0)).toEqual([`a=${times.length} @${expected} ON_TIME 0 last`]);
    }
  },
);

test("elements behind the output watermark have no say in the timestamp", () => {
  for (const timestampCombiner of ["earliest", "latest"] as const) {
    const grouped = new Grouped("combinePerKey", { timestampCombiner });
    grouped.fire(4, 4);
    grouped.add(0, "late", 1, 2);
    for (const time of [2, 5, 2]) grouped.add(0, "both", 1, time);
    grouped.reload();
    expect(grouped.grouping.hold()).toBe(5);
    expect(grouped.fire(10, 4).sort()).toEqual([
      "both=3 @5 ON_TIME 0 last",
      "late=1 @9 ON_TIME 0 last",
    ]);
  }
});

test("a firing is bounded, and what is left holds the watermark and fires next", () => {
  const grouped = new Grouped("combinePerKey");
  for (const key of ["a", "b", "c"]) grouped.add(0, key, 1);
  grouped.watermarks = [at(10), at(9)];
  const first = grouped.grouping.fire(grouped.moment, 2);
  expect([first.firings.length, first.isDone]).toEqual([2, false]);
  expect(grouped.grouping.hold()).toBe(9);
  grouped.reload();
  const rest = grouped.grouping.fire(grouped.moment, 2);
  expect([rest.firings.length, rest.isDone]).toEqual([1, true]);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    start: fc.constantFrom(0, 10, 20),
    key: fc.constantFrom("a", "b c"),
    value: fc.nat(9),
    time: fc.nat(9),
  }),
  fc.record({ kind: fc.constant("advance" as const), by: fc.nat(8), behind: fc.nat(5) }),
);

test("reloading after each step gives the same panes, holds and timers as never reloading", () => {
  const options = fc.record({
    allowedLateness: fc.constantFrom(0, 7),
    accumulation: fc.constantFrom("accumulating" as const, "discarding" as const),
    closing: fc.constantFrom("fireAlways" as const, "fireIfNonEmpty" as const),
    timestampCombiner: fc.constantFrom("earliest" as const, "endOfWindow" as const),
  });
  const kinds = fc.constantFrom("combinePerKey" as const, "groupByKey" as const);
  fc.assert(
    fc.property(kinds, options, fc.array(step, { maxLength: 25 }), (kind, windowing, steps) => {
      const live = new Grouped(kind, windowing);
      const reloaded = new Grouped(kind, windowing);
      for (const one of steps) {
        const seen = [live, reloaded].map((grouped) => {
          if (one.kind === "add") grouped.add(one.start, one.key, one.value, one.start + one.time);
          const [input, output] = grouped.watermarks;
          const by = one.kind === "advance" ? one.by : 0;
          const behind = one.kind === "advance" ? one.behind : 0;
          const panes = grouped.fire(input + by, Math.max(output, input + by - behind));
          return [panes.sort(), grouped.grouping.hold(), grouped.grouping.nextTimer()];
        });
        expect(seen[1]).toEqual(seen[0]);
        reloaded.reload();
      }
    }),
  );
});
