/**
 * Timers: when they fire and in which order, what they hold, and what is refused.
 */
import { describe, expect, test } from "vitest";
import {
  eventTimer,
  eventTimerFamily,
  fixedWindows,
  type KV,
  MAX_TIMESTAMP,
  type OnTimerContext,
  processingTimer,
  processingTimerFamily,
  type StatefulContext,
  statefulDoFn,
  valueState,
} from "../../../../sdk/index.ts";
import { type StatefulOptions, StatefulUnderTest } from "../../../support/stateful-shard.ts";

const timers = {
  a: eventTimer(),
  b: eventTimer(),
  p: processingTimer(),
  tags: eventTimerFamily(),
  later: processingTimerFamily(),
};
const state = { n: valueState<number>() };
type Context = StatefulContext<string, typeof state, typeof timers>;
type Fired = OnTimerContext<string, string, typeof state, typeof timers>;

/** What an element does with the timers, and a timer with the others. */
type Act = (context: Context) => void;

/** A shard whose elements set timers; each timer emits its name, tag and fire time. */
class Timed {
  readonly under: StatefulUnderTest;
  onFired: (name: string, context: Fired) => void = () => {};
  readonly #acts: Act[] = [];

  constructor(options: StatefulOptions = {}) {
    const fired =
      (name: string) =>
      (context: Fired): void => {
        context.output(`${name}${context.tag} ${context.key} ${context.fireTimestamp}`);
        this.onFired(name, context);
      };
    this.under = new StatefulUnderTest(
      statefulDoFn<KV<string, number>, string>()({
        state,
        timers,
        process: ({ value }, context) => this.#acts[value]?.(context),
        onTimer: {
          a: fired("a"),
          b: fired("b"),
          p: fired("p"),
          tags: fired("tags "),
          later: fired("later "),
        },
      }) as never,
      options,
    );
  }

  /** Runs an act of a key at a time. */
  async act(key: string, time: number, act: Act): Promise<string[]> {
    const emitted = await this.under.elements([key, this.#acts.push(act) - 1, time]);
    const error = this.under.dead.at(-1)?.error;
    if (error !== undefined) throw error;
    return emitted;
  }
}

describe("event time", () => {
  test("a timer fires when the watermark is after its time, once, at that time", async () => {
    const timed = new Timed();
    expect(await timed.act("k", 5, ({ timers }) => timers.a.set(10))).toEqual([]);
    expect(await timed.under.waits()).toEqual([10, 10, undefined]);
    expect(await timed.under.advance(10)).toEqual([]);
    timed.under.reload();
    expect(await timed.under.advance(11)).toEqual(["a k 10 @10"]);
    expect(await timed.under.advance(50)).toEqual([]);
    expect(await timed.under.waits()).toEqual([undefined, undefined, undefined]);
    expect(await timed.under.entries()).toEqual([]);
  });

  test("to set a timer again replaces its time; to clear it unsets it", async () => {
    const timed = new Timed();
    await timed.act("k", 0, ({ timers }) => timers.a.set(10));
    await timed.act("k", 0, ({ timers }) => timers.a.set(20));
    await timed.act("l", 0, ({ timers }) => timers.a.set(10));
    await timed.act("l", 0, ({ timers }) => timers.a.clear());
    expect(await timed.under.advance(15)).toEqual([]);
    expect(await timed.act("k", 15, ({ timers }) => timers.a.set(12))).toEqual(["a k 12 @12"]);
    expect(await timed.under.advance(30)).toEqual([]);
  });

  test("a time that has passed fires at once, after the elements of the bundle", async () => {
    const timed = new Timed();
    await timed.under.advance(100);
    const emitted = await timed.act("k", 100, ({ timers, output }) => {
      timers.a.set(7);
      output("element");
    });
    expect(emitted).toEqual(["element @100", "a k 7 @7"]);
  });

  test("timers fire in the order of time; what one sets for a passed time fires in its place", async () => {
    const timed = new Timed();
    await timed.act("k", 0, ({ timers }) => {
      timers.b.set(30);
      timers.a.set(10);
      timers.tags.set("x", 25);
    });
    timed.onFired = (name, { timers, fireTimestamp }) => {
      if (name === "a" && fireTimestamp < 30) timers.a.set(fireTimestamp + 10);
    };
    expect(await timed.under.advance(100)).toEqual([
      "a k 10 @10",
      "a k 20 @20",
      "tags x k 25 @25",
      "a k 30 @30",
      "b k 30 @30",
    ]);
  });

  test("the order does not depend on the order of setting, nor on a reload", async () => {
    const runs = [true, false].map(async (isReversed) => {
      const timed = new Timed();
      const keys = ["k", "l", "m"];
      for (const key of isReversed ? keys.toReversed() : keys) {
        await timed.act(key, 0, ({ timers }) => {
          for (const tag of isReversed ? ["y", "x"] : ["x", "y"]) timers.tags.set(tag, 10);
        });
      }
      if (isReversed) timed.under.reload();
      return timed.under.advance(11);
    });
    const [one, other] = await Promise.all(runs);
    expect(one).toHaveLength(6);
    expect(other).toEqual(one);
  });

  test("setRelative counts from the element's timestamp, or from the timer that fires", async () => {
    const timed = new Timed();
    await timed.act("k", 1_234, ({ timers }) => {
      expect(timers.a.getCurrentRelativeTime()).toBe(1_234);
      timers.a.offset({ seconds: 1 }).align({ seconds: 1 }).setRelative();
      timers.b.offset(1).setRelative();
    });
    timed.onFired = (name, context) => {
      if (name === "a" && context.fireTimestamp === 3_000)
        context.timers.tags.get("t").align(2_000).setRelative();
    };
    expect(await timed.under.advance(10_000)).toEqual([
      "b k 1235 @1235",
      "a k 3000 @3000",
      "tags t k 4000 @4000",
    ]);
  });

  test("a looping timer ends when its window does", async () => {
    const timed = new Timed({ windowFn: fixedWindows(100) });
    await timed.act("k", 50, ({ timers }) => timers.a.set(60));
    timed.onFired = (_, { timers }) => timers.a.offset(20).setRelative();
    expect(await timed.under.advance(MAX_TIMESTAMP)).toEqual([
      "a k 60 @60",
      "a k 80 @80",
      "a k 99 @99",
    ]);
    expect(await timed.under.entries()).toEqual([]);
  });
});

describe("processing time", () => {
  test("a timer fires when the clock has come to its time, with the element's timestamp", async () => {
    const timed = new Timed();
    await timed.act("k", 7, ({ timers }) => {
      expect(timers.p.getCurrentRelativeTime()).toBe(1_000);
      timers.p.offset({ seconds: 5 }).setRelative();
    });
    expect(await timed.under.waits()).toEqual([7, expect.any(Number), 6_000]);
    expect(await timed.under.pass(5_999)).toEqual([]);
    timed.under.reload();
    expect(await timed.under.pass(6_000)).toEqual(["p k 6000 @7"]);
    expect(await timed.under.waits()).toEqual([undefined, undefined, undefined]);
  });

  test("one that another sets holds that one's output timestamp", async () => {
    const timed = new Timed();
    await timed.act("k", 7, ({ timers }) => timers.p.set(2_000));
    timed.onFired = (name, { timers }) => {
      if (name === "p") timers.later.get("x").offset(500).setRelative();
    };
    expect(await timed.under.pass(2_000)).toEqual(["p k 2000 @7"]);
    expect(await timed.under.waits()).toEqual([7, expect.any(Number), 2_500]);
    expect(await timed.under.pass(3_000)).toEqual(["later x k 2500 @7"]);
  });

  test("the tracker's clock counts where it is ahead", async () => {
    const timed = new Timed();
    await timed.act("k", 7, ({ timers }) => timers.p.set(2_000));
    const emitted = await timed.under.run({ kind: "advance", watermarks: {}, nowMs: 2_000 });
    expect(emitted).toEqual(["p k 2000 @7"]);
  });

  test("one whose window has expired is dropped, and one that loops ends so", async () => {
    const timed = new Timed({ windowFn: fixedWindows(100) });
    timed.onFired = (_, { timers }) => timers.p.offset(1_000).setRelative();
    await timed.act("k", 50, ({ timers }) => timers.p.offset(1_000).setRelative());
    expect(await timed.under.pass(2_000)).toEqual(["p k 2000 @50"]);
    expect(await timed.under.advance(MAX_TIMESTAMP)).toEqual([]);
    expect(await timed.under.waits()).toEqual([undefined, undefined, undefined]);
    expect(await timed.under.entries()).toEqual([]);
    expect(await timed.under.pass(9_000)).toEqual([]);
  });
});

describe("output timestamps", () => {
  test("one that is given is that of what the timer emits, and the hold", async () => {
    const timed = new Timed();
    await timed.act("k", 5, ({ timers }) => {
      timers.a.set(20, { outputTimestamp: 6 });
      timers.b.withOutputTimestamp(8).set(30);
      timers.p.withOutputTimestamp(100).set(5_000);
    });
    expect(await timed.under.waits()).toEqual([6, 20, 5_000]);
    expect(await timed.under.advance(21)).toEqual(["a k 20 @6"]);
    expect(await timed.under.waits()).toEqual([8, 30, 5_000]);
    expect(await timed.under.advance(31)).toEqual(["b k 30 @8"]);
    expect(await timed.under.pass(5_000)).toEqual(["p k 5000 @100"]);
  });

  test("without one the timer holds nothing and may not emit", async () => {
    const timed = new Timed();
    await timed.act("k", 5, ({ timers }) => timers.a.withNoOutputTimestamp().set(20));
    expect(await timed.under.waits()).toEqual([undefined, 20, undefined]);
    expect(await timed.under.advance(21)).toEqual([]);
    expect(timed.under.dead).toMatchObject([
      { error: { code: "ERR_TIMESTAMP" }, element: { key: "k", timer: "a", fireTimestamp: 20 } },
    ]);
  });

  test("what is late already holds nothing, so that the watermark does not stand still", async () => {
    const timed = new Timed({ windowFn: fixedWindows(100), allowedLateness: 1_000 });
    await timed.under.advance(500);
    await timed.act("k", 50, ({ timers }) => timers.p.set(9_000));
    expect((await timed.under.waits())[0]).toBeUndefined();
    await timed.act("k", 550, ({ timers }) => timers.p.set(9_000));
    expect((await timed.under.waits())[0]).toBe(550);
  });

  test.each<[string, number, Act, RegExp]>([
    [
      "an output before the element",
      5,
      ({ output }) => output("x", { timestamp: 4 }),
      /lies before/,
    ],
    [
      "an output timestamp before the element",
      5,
      ({ timers }) => timers.a.set(20, { outputTimestamp: 4 }),
      /timer "a" has the output timestamp .*, before .*\.005Z/,
    ],
    [
      "an output timestamp after the window's expiry",
      5,
      ({ timers }) => timers.tags.get("x").withOutputTimestamp(200).set(20),
      /timer "tags" \(tag "x"\) has the output timestamp .*, after its window expires/,
    ],
    [
      "an event time after the window's expiry",
      5,
      ({ timers }) => timers.a.set(110),
      /timer "a" is set to .*, after its window expires at .*\.109Z/,
    ],
    ["a time that is none", 5, ({ timers }) => timers.a.set(Number.NaN), /Not a timestamp/],
  ])("%s makes the element a dead letter", async (_, time, act, words) => {
    const timed = new Timed({ windowFn: fixedWindows(100), allowedLateness: 10 });
    await expect(timed.act("k", time, act)).rejects.toMatchObject({
      code: "ERR_TIMESTAMP",
      message: expect.stringMatching(words),
    });
    expect(await timed.under.entries()).toEqual([]);
  });

  test("a relative event time after the window's expiry is set to the expiry", async () => {
    const timed = new Timed({ windowFn: fixedWindows(100), allowedLateness: 10 });
    await timed.act("k", 5, ({ timers }) => timers.a.offset({ days: 1 }).setRelative());
    await timed.act("k", 99, ({ timers }) =>
      timers.b.offset(Number.POSITIVE_INFINITY).setRelative(),
    );
    expect(await timed.under.advance(1_000)).toEqual(["a k 109 @109", "b k 109 @109"]);
  });
});

test("an activation fires at most firingsMax timers, and leaves the rest to a message to itself", async () => {
  const timed = new Timed({ engine: { firingsMax: 2 } });
  await timed.act("k", 0, ({ timers }) => {
    for (const tag of "abcde") timers.tags.set(tag, 10);
  });
  const seen: string[][] = [await timed.under.advance(20)];
  while (timed.under.self > 0) seen.push(await timed.under.advance(20));
  expect(seen.map((emitted) => emitted.length)).toEqual([2, 2, 1]);
});

test("a timer that is moved and moved back is not written again", async () => {
  const timed = new Timed();
  await timed.act("k", 0, ({ timers }) => timers.a.set(10));
  const { state } = await timed.under.open();
  const puts: string[] = [];
  const put = state.put.bind(state);
  state.put = (id, text) => {
    puts.push(id);
    put(id, text);
  };
  await timed.act("k", 0, ({ timers }) => {
    timers.a.set(20);
    timers.a.set(10);
    timers.b.set(30);
    timers.b.clear();
  });
  expect(puts).toEqual([]);
});

test("of timers that are set over and over nothing is left behind", async () => {
  const timed = new Timed();
  for (let i = 0; i < 40; i++) {
    await timed.act("k", i, ({ timers }) => {
      for (let j = 0; j < 100; j++) timers.tags.set(`${j % 3}`, 10_000 + i + j);
    });
  }
  expect(await timed.under.entries()).toHaveLength(3);
  expect(await timed.under.advance(20_000)).toHaveLength(3);
});
