/**
 * Merging of cells: an author's own rule, where the values of a window that grows are stored, and
 * windows that come again while what began with them lives on in another one (F6, F8).
 */
import { expect, test } from "vitest";
import { type Firing, Grouping } from "../../../functions/grouping.ts";
import { ShardState } from "../../../functions/state.ts";
import { customWindows, sessions, type WindowFnSpec } from "../../../sdk/index.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../../sdk/model/time.ts";
import { type Window, windowKey } from "../../../sdk/model/window.ts";
import { at, columnsOf } from "../../support/builders.ts";
import { groupingNode } from "../../support/grouping-driver.ts";

/** A grouping whose elements come with their windows. */
class Grouped {
  readonly state = new ShardState(10_000);
  readonly #node;
  #grouping: Grouping;
  #input: Timestamp = MIN_TIMESTAMP;

  constructor(windows: WindowFnSpec) {
    this.#node = groupingNode("groupByKey", windows, {});
    this.#grouping = new Grouping(this.#node, this.state);
  }

  add(value: number, window: { start: number; end: number; label?: string }): void {
    const columns = columnsOf(windowKey(window as Window), [["k", value]]);
    this.#grouping.add(columns, "slot", () => true, this.#moment);
  }

  /** Ends a run, stores the state and opens it anew. */
  fire(input: number = this.#input): string[] {
    this.#input = at(input);
    const fired = this.#grouping.fire(this.#moment, 100);
    this.#grouping.settle();
    this.#grouping = new Grouping(this.#node, this.state);
    return fired.firings.map(describe).sort();
  }

  get #moment() {
    const watermarks = [this.#input, MIN_TIMESTAMP] as const;
    return { watermarks, nowMs: 0, synchronizedMs: Number.NEGATIVE_INFINITY };
  }
}

function describe({ value, window: { start, end, label } }: Firing): string {
  return `${start}-${end}${label ?? ""}=${(value.value as number[]).join()}`;
}

const wide = { start: 0, end: 100 };

/** Joins "x" and "y" to "xy", but nothing to an "xy". */
const joining = customWindows<number>({
  name: "joining",
  assign: () => [wide],
  merge(windows) {
    const pair = windows.filter(({ label }) => label === "x" || label === "y");
    return pair.length === 2 ? [{ windows: pair, into: { ...wide, label: "xy" } }] : [];
  },
});

test("an author's own rule merges what it says, and leaves the rest", () => {
  const grouped = new Grouped(joining);
  grouped.add(1, { ...wide, label: "x" });
  grouped.add(2, { ...wide, label: "z" });
  expect(grouped.fire()).toEqual([]);
  grouped.add(3, { ...wide, label: "y" });
  expect(grouped.fire()).toEqual([]);
  expect(grouped.fire(MAX_TIMESTAMP)).toEqual(["0-100xy=1,3", "0-100z=2"]);
  expect(grouped.state.size).toBe(0);
});

test("a window may come again while what began with it lives on in another", () => {
  const grouped = new Grouped(joining);
  for (const [value, label] of [
    [1, "x"],
    [2, "y"],
    [3, "x"],
    [4, "x"],
  ] as const) {
    grouped.add(value, { ...wide, label });
    grouped.fire();
  }
  expect(grouped.fire(MAX_TIMESTAMP)).toEqual(["0-100x=3,4", "0-100xy=1,2"]);
  expect(grouped.state.size).toBe(0);
});

test("labelled windows that intersect merge by label", () => {
  const grouped = new Grouped(
    customWindows<number>({ name: "teams", isMerging: true, assign: () => [wide] }),
  );
  grouped.add(1, { start: 0, end: 10, label: "red" });
  grouped.add(2, { start: 5, end: 15, label: "blue" });
  grouped.add(3, { start: 8, end: 18, label: "red" });
  expect(grouped.fire(MAX_TIMESTAMP)).toEqual(["0-18red=1,3", "5-15blue=2"]);
});

test("a session that grows writes only what is new", () => {
  const grouped = new Grouped(sessions(10));
  for (const time of [0, 5, 12]) {
    grouped.add(time, { start: time, end: time + 10 });
    grouped.fire();
  }
  const entries = Object.fromEntries(grouped.state.entries());
  const key = windowKey({ start: at(0), end: at(10) });
  const chunks = Object.fromEntries([0, 5, 12].map((n, i) => [`v${i} ${key} sk`, `[${n}]`]));
  expect(entries).toMatchObject(chunks);
  expect(Object.keys(entries)).toHaveLength(4);
});

test("of sessions that become one, the values that are fewer move", () => {
  const grouped = new Grouped(sessions(10));
  grouped.add(1, { start: 0, end: 10 });
  for (const value of [2, 3]) grouped.add(value, { start: 15, end: 25 });
  grouped.fire();
  grouped.add(4, { start: 8, end: 18 });
  grouped.fire();
  const texts = Object.fromEntries(grouped.state.entries());
  const key = windowKey({ start: at(15), end: at(25) });
  expect(texts).toMatchObject({ [`v0 ${key} sk`]: "[2,3]", [`v1 ${key} sk`]: "[1,4]" });
  expect(grouped.fire(MAX_TIMESTAMP)).toEqual(["0-25=2,3,1,4"]);
  expect(grouped.state.size).toBe(0);
});

test.each([
  [
    "a window twice",
    (windows: readonly Window[]) => [{ windows: [...windows, ...windows], into: wide }],
  ],
  [
    "a window that was not given",
    () => [{ windows: [{ ...wide, label: "?" } as never], into: wide }],
  ],
  [
    "a result that another window stands at",
    (windows: readonly Window[]) => [{ windows: windows.slice(0, 1), into: windows[1]! }],
  ],
  [
    "a result that ends before it starts",
    (windows: readonly Window[]) => [{ windows, into: { start: 5, end: 5 } }],
  ],
  ["nothing at all", () => undefined as never],
])("a rule that gives %s fails, and names the windows", (_, merge) => {
  const grouped = new Grouped(customWindows<number>({ name: "odd", assign: () => [wide], merge }));
  for (const [value, label] of [
    [1, "x"],
    [2, "y"],
  ] as const) {
    grouped.add(value, { ...wide, label });
  }
  const failure = (() => {
    try {
      return grouped.fire();
    } catch (error) {
      return error as Error;
    }
  })();
  expect(failure).toMatchObject({ message: "an element can't be added" });
  expect(String((failure as Error).cause)).toContain('custom windows "odd"');
});
