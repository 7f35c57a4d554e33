/**
 * Windows of a stateful DoFn: late elements, expiry, sorted input, panes.
 */
import { describe, expect, test } from "vitest";
import {
  bagState,
  eventTimer,
  fixedWindows,
  type KV,
  MAX_TIMESTAMP,
  processingTimer,
  type StatefulDoFn,
  statefulDoFn,
  valueState,
} from "../../../../sdk/index.ts";
import { type StatefulOptions, StatefulUnderTest } from "../../../support/stateful-shard.ts";

const hundred: StatefulOptions = { windowFn: fixedWindows(100) };
const lateness = (allowedLateness: number): StatefulOptions => ({ ...hundred, allowedLateness });

/** Counts, and tells the count when the window expires. */
const counting = statefulDoFn<KV<string, number>, string>()({
  state: { n: valueState<number>(), bag: bagState<number>() },
  timers: { e: eventTimer(), p: processingTimer() },
  process({ value }, { state, timers }) {
    state.n.write((state.n.read() ?? 0) + value);
    timers.p.offset({ hours: 1 }).withNoOutputTimestamp().setRelative();
  },
  onTimer: { e() {}, p() {} },
  onWindowExpiration({ key, state, output }) {
    output(`${key}=${state.n.read() ?? "nothing"}`);
    state.bag.add(1);
    state.n.write(99);
  },
});

function under(fn: StatefulDoFn<KV<string, number>, string>, options: StatefulOptions) {
  return new StatefulUnderTest(fn as never, options);
}

describe("expiry", () => {
  test("onWindowExpiration comes once for each key and window, at the end plus the lateness", async () => {
    const shard = under(counting, lateness(10));
    await shard.elements(["a", 1, 5], ["b", 2, 6], ["a", 4, 105]);
    expect((await shard.waits()).slice(0, 2)).toEqual([99, 109]);
    expect(await shard.advance(109)).toEqual([]);
    shard.reload();
    expect(await shard.advance(110)).toEqual(["a=1 @99", "b=2 @99"]);
    expect((await shard.waits()).slice(0, 2)).toEqual([199, 209]);
    expect(await shard.advance(MAX_TIMESTAMP)).toEqual(["a=4 @199"]);
    expect(await shard.waits()).toEqual([undefined, undefined, undefined]);
    expect(await shard.entries()).toEqual([]);
  });

  test("it comes for a key that left no state, if an element was seen", async () => {
    const silent = statefulDoFn<KV<string, number>, string>()({
      process() {},
      onWindowExpiration: ({ key, output }) => output(`${key} seen`),
    });
    const shard = under(silent, hundred);
    await shard.elements(["a", 1, 5]);
    expect(await shard.advance(100)).toEqual(["a seen @99"]);
    expect(await shard.entries()).toEqual([]);
  });

  test("timers of the window come first, and what they set for a passed time too", async () => {
    const order = statefulDoFn<KV<string, number>, string>()({
      timers: { e: eventTimer() },
      process: (_, { timers }) => timers.e.set(98),
      onTimer: {
        e({ fireTimestamp, timers, output }) {
          output(`timer ${fireTimestamp}`);
          if (fireTimestamp < 99) timers.e.set(99);
        },
      },
      onWindowExpiration: ({ output }) => output("expired"),
    });
    const shard = under(order, hundred);
    await shard.elements(["a", 1, 5]);
    expect(await shard.advance(199)).toEqual(["timer 98 @98", "timer 99 @99", "expired @99"]);
    expect(await shard.entries()).toEqual([]);
  });

  test("an asynchronous one is awaited before the state is cleared", async () => {
    const slow = statefulDoFn<KV<string, number>, string>()({
      state: { n: valueState<number>() },
      process: ({ value }, { state }) => state.n.write(value),
      async onWindowExpiration({ key, state, output }) {
        await Promise.resolve();
        output(`${key}=${state.n.read()}`);
      },
    });
    const shard = under(slow, hundred);
    await shard.elements(["a", 1, 5], ["b", 2, 5]);
    expect(await shard.advance(100)).toEqual(["a=1 @99", "b=2 @99"]);
  });

  test("without it state is cleared all the same, a bounded amount at once", async () => {
    const keeping = statefulDoFn<KV<string, number>, string>()({
      state: { n: valueState<number>() },
      process: ({ value }, { state }) => state.n.write(value),
    });
    const shard = under(keeping, { ...hundred, engine: { firingsMax: 2 } });
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    await shard.elements(...keys.map((key): [string, number, number] => [key, 1, 5]));
    expect(await shard.waits()).toEqual([undefined, 99, undefined]);
    let runs = 0;
    do {
      await shard.advance(100);
      runs++;
    } while (shard.self > 0);
    expect(runs).toBe(2);
    expect(await shard.entries()).toEqual([]);
  });

  test("the global window expires when time ends", async () => {
    const shard = under(counting, { allowedLateness: { days: 3 } });
    await shard.elements(["a", 1, 5]);
    expect(await shard.advance(1e15)).toEqual([]);
    expect(await shard.advance(MAX_TIMESTAMP)).toHaveLength(1);
    expect(await shard.entries()).toEqual([]);
  });
});

describe("late elements", () => {
  test("those of an expired window are dropped and counted, those within the lateness are taken", async () => {
    const shard = under(counting, lateness(10));
    await shard.advance(109);
    await shard.elements(["a", 1, 5]);
    await shard.advance(110);
    await shard.elements(["a", 2, 5], ["a", 3, 105]);
    expect((await shard.open()).metrics.droppedLate).toBe(1);
    expect(await shard.advance(MAX_TIMESTAMP)).toEqual(["a=3 @199"]);
  });

  test("an expiry of which the window's end is late already holds nothing", async () => {
    const shard = under(counting, lateness(1_000));
    await shard.advance(150, 150);
    await shard.elements(["a", 1, 5]);
    expect((await shard.waits())[0]).toBeUndefined();
    await shard.elements(["a", 1, 170]);
    expect((await shard.waits())[0]).toBe(199);
  });
});

describe("requiresTimeSortedInput", () => {
  const sorted = statefulDoFn<KV<string, string>, string>()({
    state: { last: valueState<number>() },
    timers: { e: eventTimer() },
    requiresTimeSortedInput: true,
    process({ key, value }, { timestamp, state, output, timers, pane }) {
      expect(timestamp).toBeGreaterThanOrEqual(state.last.read() ?? Number.NEGATIVE_INFINITY);
      state.last.write(timestamp);
      if (value === "timer") timers.e.set(timestamp + 5);
      output(`${key} ${value}${pane.timing === "UNKNOWN" ? "" : ` ${pane.timing}`}`);
    },
    onTimer: { e: ({ output }) => output("fired") },
  }) as never as StatefulDoFn<KV<string, number>, string>;

  test("elements wait for the watermark, hold it, and come in the order of time", async () => {
    const shard = under(sorted, hundred);
    expect(await shard.elements(["a", "two", 20], ["b", "one", 10], ["a", "one", 10])).toEqual([]);
    expect(await shard.waits()).toEqual([10, 10, undefined]);
    shard.reload();
    expect(await shard.elements(["a", "half", 5], ["a", "two again", 20])).toEqual([]);
    expect(await shard.advance(11)).toEqual(["a half @5", "b one @10", "a one @10"]);
    expect(await shard.waits()).toEqual([20, 20, undefined]);
    expect(await shard.advance(21)).toEqual(["a two @20", "a two again @20"]);
    await shard.advance(100);
    expect(await shard.entries()).toEqual([]);
  });

  test("they wait for the allowed lateness too; what comes later is dropped", async () => {
    const shard = under(sorted, lateness(10));
    await shard.elements(["a", "two", 20]);
    expect(await shard.advance(30)).toEqual([]);
    await shard.elements(["a", "one", 19], ["a", "late", 19], ["a", "two again", 20]);
    expect((await shard.open()).metrics.droppedLate).toBe(2);
    expect(await shard.advance(31)).toEqual(["a two @20", "a two again @20"]);
  });

  test("timers come between them in the order of time", async () => {
    const shard = under(sorted, hundred);
    await shard.elements(["a", "timer", 10], ["a", "next", 20], ["a", "same", 15]);
    expect(await shard.advance(100)).toEqual([
      "a timer @10",
      "a same @15",
      "fired @15",
      "a next @20",
    ]);
  });

  test("an element that fails becomes a dead letter of its own", async () => {
    const failing = statefulDoFn<KV<string, number>, string>()({
      requiresTimeSortedInput: true,
      process({ value }, { output }) {
        if (value === 13) throw new Error("unlucky");
        output(String(value));
      },
    });
    const shard = under(failing, hundred);
    await shard.elements(["a", 13, 10], ["a", 1, 20], ["a", 2, 5]);
    expect(await shard.advance(100)).toEqual(["2 @5", "1 @20"]);
    expect(shard.dead).toMatchObject([{ element: { key: "a", value: 13 }, timestamp: 10 }]);
    expect(await shard.entries()).toEqual([]);
  });
});

test("process knows the element's pane and timestamp", async () => {
  const telling = statefulDoFn<KV<string, number>, string>()({
    process({ value }, { pane, timestamp, window, output }) {
      output(`${value} ${pane.timing} ${pane.index} ${window.start} ${timestamp}`);
    },
  });
  const shard = under(telling, hundred);
  const { windows } = shard.elementsOf([["a", 1, 110]]);
  const ofPane = { ...windows[0]!, pane: ["LATE", 2, 1, false, true] as const };
  const emitted = await shard.run({ kind: "elements", windows: [ofPane] });
  expect(emitted).toEqual(["1 LATE 2 100 110 @110 LATE"]);
});
