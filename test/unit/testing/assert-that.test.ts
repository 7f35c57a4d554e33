/**
 * assertThat: each term and each selection passes for what is right and fails for what is wrong, and
 * an assertion that never ran fails (AS1).
 */
import { describe, expect, test } from "vitest";
import {
  assertThat,
  assertThatMap,
  assertThatMultimap,
  assertThatSingleton,
  runPipeline,
  testPipeline,
  testStream,
  timestamped,
} from "../../../emulators/testing/index.ts";
import { fixedWindows, type KV, kv, type PCollection, type Root } from "../../../sdk/index.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { codeOf } from "../../support/builders.ts";

const minute = { start: 0, end: 60_000 };

/** The message of the ERR_ASSERTION with which a test fails. */
async function failureOf(build: (p: Root) => void): Promise<string> {
  try {
    await testPipeline(build);
  } catch (error) {
    if (isMeshError(error) && error.code === "ERR_ASSERTION") return error.message;
    throw error;
  }
  throw new Error("the test did not fail");
}

/** Elements of a window in an on-time pane and in two late ones, the last of which is final. */
function panes(p: Root): PCollection<string> {
  return p
    .read(
      testStream<string>()
        .addElements(timestamped("on time", 0))
        .advanceWatermarkTo(60_000)
        .addElements(timestamped("late", 1))
        .addElements(timestamped("later", 2))
        .addElements(timestamped("next window", 60_000))
        .advanceWatermarkToInfinity(),
    )
    .windowInto(fixedWindows(60_000), { allowedLateness: 5_000, closing: "fireAlways" })
    .keyBy(() => "key")
    .groupByKey()
    .flatMap(({ value }) => (value.length === 0 ? ["closing"] : value));
}

describe("containsInAnyOrder", () => {
  test("takes the elements in any order, each as often as it is there", async () => {
    await testPipeline((p) => assertThat(p.create([1, 2, 2, 3])).containsInAnyOrder([2, 3, 1, 2]));
  });

  test("compares by value: fields, Maps and Sets in any order; 1 is not '1', 0 is not -0", async () => {
    await testPipeline((p) => {
      const values = [
        { a: 1, b: [new Date(5)] },
        new Map([
          [1, 2],
          [3, 4],
        ]),
        new Set(["x", "y"]),
      ];
      assertThat(p.create<unknown>(values)).containsInAnyOrder([
        new Set(["y", "x"]),
        { b: [new Date(5)], a: 1 },
        new Map([
          [3, 4],
          [1, 2],
        ]),
      ]);
    });
    for (const [actual, expected] of [
      [1, "1"],
      [0, -0],
      [{ a: undefined }, {}],
      [[], {}],
    ]) {
      const build = (p: Root): unknown =>
        assertThat(p.create<unknown>([actual])).containsInAnyOrder([expected]);
      expect(await failureOf(build)).toContain("expected 1 element, got 1");
    }
  });

  test("fails with what is missing and what is unexpected, and how often", async () => {
    const message = await failureOf((p) =>
      assertThat(p.create([kv("a", 1), kv("b", 2), kv("b", 2)]), { name: "pairs" }) //
        .containsInAnyOrder([kv("a", 1), kv("b", 2), kv("c", 3)]),
    );
    expect(message).toMatch(/1 of 1 checks failed/);
    expect(message).toMatch(/"pairs" \(.*assert-that\.test\.ts:\d+:\d+\): containsInAnyOrder\n/);
    expect(message).toContain('missing (1):\n      - { key: "c", value: 3 }');
    expect(message).toContain('unexpected (1):\n      + { key: "b", value: 2 }');
  });

  test("cuts long lists and long values", async () => {
    const isEmpty =
      (values: readonly unknown[]) =>
      (p: Root): unknown =>
        assertThat(p.create(values)).isEmpty();
    const numbers = Array.from({ length: 31 }, (_, i) => i);
    expect(await failureOf((p) => void isEmpty(numbers)(p))).toContain("… and 11 more");
    const message = await failureOf((p) => void isEmpty(["x".repeat(2_000)])(p));
    expect(message).toContain("(2002 characters)");
    expect(message.length).toBeLessThan(1_000);
  });

  test("what is expected and is no data is refused where it is written", async () => {
    const write = (): unknown =>
      runPipeline((p) => assertThat(p.create<unknown>([])).containsInAnyOrder([() => 1]));
    expect(await codeOf(write)).toBe("ERR_ENCODE");
  });
});

describe("the other terms", () => {
  test("isEmpty: passes for nothing, fails for anything", async () => {
    await testPipeline((p) => assertThat(p.create([])).isEmpty());
    expect(await failureOf((p) => assertThat(p.create([1])).isEmpty())).toContain("+ 1");
  });

  test("hasSize: passes for as many, fails for more and for fewer", async () => {
    await testPipeline((p) => assertThat(p.create([7, 7])).hasSize(2));
    expect(await failureOf((p) => assertThat(p.create([7])).hasSize(2))).toContain("got 1");
    expect(await failureOf((p) => assertThat(p.create([7])).hasSize(0))).toContain("got 1");
  });

  test("satisfies: fails with what it throws; also where it is asynchronous", async () => {
    await testPipeline((p) =>
      assertThat(p.create([1, 2])).satisfies((all) => expect(all.toSorted()).toEqual([1, 2])),
    );
    const sync = (p: Root): unknown =>
      assertThat(p.create([1])).satisfies(([only]) => {
        throw new Error(`not ${only}`);
      });
    const asynchronous = (p: Root): unknown =>
      assertThat(p.create([1])).satisfies(async ([only]) => {
        await Promise.resolve();
        throw new Error(`not ${only}`);
      });
    expect(await failureOf(sync)).toContain("satisfies\n  not 1");
    expect(await failureOf(asynchronous)).toContain("satisfies\n  not 1");
  });

  test("satisfies: runs for an empty PCollection, and sees time, window and pane", async () => {
    let ran = 0;
    await testPipeline((p) => {
      assertThat(p.create([])).satisfies((none) => {
        ran++;
        expect(none).toEqual([]);
      });
      assertThat(panes(p))
        .inOnTimePane(minute)
        .satisfies((values, [only]) => {
          ran++;
          expect(values).toEqual(["on time"]);
          expect(only).toEqual({
            value: "on time",
            timestamp: 59_999,
            window: minute,
            pane: { timing: "ON_TIME", index: 0, onTimeIndex: 0, isFirst: true, isLast: false },
          });
        });
    });
    expect(ran).toBe(2);
  });

  test("several in one chain, and several assertions: each is told of by itself", async () => {
    const message = await failureOf((p) => {
      const numbers = p.create([1, 2]);
      assertThat(numbers).hasSize(2).hasSize(3).inWindow(GLOBAL_WINDOW).containsInAnyOrder([2, 1]);
      assertThat(numbers).isEmpty();
    });
    expect(message).toContain("2 of 4 checks failed");
  });
});

describe("assertThatSingleton, assertThatMap and assertThatMultimap", () => {
  const pairs = (p: Root, ...all: KV<string, number>[]): PCollection<KV<string, number>> =>
    p.create(all);

  test("a singleton: exactly one element, and the right one", async () => {
    await testPipeline((p) => {
      assertThatSingleton(p.create([{ n: 1 }])).isEqualTo({ n: 1 });
      assertThatSingleton(p.create([5])).satisfies((n) => expect(n).toBe(5));
    });
    const one =
      (...values: number[]) =>
      (p: Root): unknown =>
        assertThatSingleton(p.create(values)).isEqualTo(1);
    expect(await failureOf(one())).toContain("expected 1 element, got 0");
    expect(await failureOf(one(1, 1))).toContain("expected 1 element, got 2");
    expect(await failureOf(one(2))).toMatch(/- expected 1\n.*\+ got +2/);
  });

  test("a map: no key twice, and the right values", async () => {
    await testPipeline((p) => {
      assertThatMap(pairs(p, kv("a", 1), kv("b", 2))).isEqualTo({ b: 2, a: 1 });
      assertThatMap(p.create([kv({ x: 1, y: 2 }, 3)])).isEqualTo(new Map([[{ y: 2, x: 1 }, 3]]));
      assertThatMap(pairs(p)).satisfies((map) => expect(map.size).toBe(0));
    });
    const twice = (p: Root): unknown =>
      assertThatMap(pairs(p, kv("a", 1), kv("a", 1))).isEqualTo({});
    expect(await failureOf(twice)).toContain('"a" → 1, 1');
    const wrong = (p: Root): unknown => assertThatMap(pairs(p, kv("a", 1))).isEqualTo({ a: 2 });
    expect(await failureOf(wrong)).toContain('Map("a" → 2)');
  });

  test("a multimap: the values of each key, in any order", async () => {
    const visits = [kv("a", 1), kv("b", 2), kv("a", 3), kv("a", 1)];
    await testPipeline((p) => {
      assertThatMultimap(pairs(p, ...visits)).isEqualTo({ a: [1, 1, 3], b: [2] });
      assertThatMultimap(pairs(p, ...visits)).satisfies((map) =>
        expect(map.get("a")?.length).toBe(3),
      );
    });
    const wrong = (p: Root): unknown =>
      assertThatMultimap(pairs(p, ...visits)).isEqualTo({ a: [1, 3], b: [2] });
    expect(await failureOf(wrong)).toContain('+ { key: "a", value: 1 }');
  });

  test("by pane: the selection is made first", async () => {
    await testPipeline((p) => {
      assertThatSingleton(panes(p)).inOnTimePane(minute).isEqualTo("on time");
      assertThatSingleton(panes(p)).inFinalPane(minute).isEqualTo("closing");
    });
  });
});

describe("selections", () => {
  type Select = (p: Root) => ReturnType<typeof assertThat<string>>;
  const next = { start: 60_000, end: 120_000 };
  const cases: [name: string, select: Select, expected: string[]][] = [
    [
      "inWindow",
      (p) => assertThat(panes(p)).inWindow(minute),
      ["on time", "late", "later", "closing"],
    ],
    ["inOnTimePane", (p) => assertThat(panes(p)).inOnTimePane(minute), ["on time"]],
    ["inLatePane", (p) => assertThat(panes(p)).inLatePane(minute), ["late", "later", "closing"]],
    ["inFinalPane", (p) => assertThat(panes(p)).inFinalPane(minute), ["closing"]],
    ["inEarlyPanes", (p) => assertThat(panes(p)).inEarlyPanes(minute), []],
    [
      "inCombinedNonLatePanes",
      (p) => assertThat(panes(p)).inCombinedNonLatePanes(minute),
      ["on time"],
    ],
    ["inEarlyGlobalWindowPanes", (p) => assertThat(panes(p)).inEarlyGlobalWindowPanes(), []],
    ["inOnlyPane", (p) => assertThat(p.create(["x"])).inOnlyPane(GLOBAL_WINDOW), ["x"]],
    ["another window", (p) => assertThat(panes(p)).inOnTimePane(next), ["next window"]],
  ];

  test.each(cases)("%s: passes for its elements, fails for others", async (_, select, expected) => {
    await testPipeline((p) => select(p).containsInAnyOrder(expected));
    await testPipeline((p) => select(p).hasSize(expected.length));
    const wrong = [...expected, "wrong"];
    expect(await failureOf((p) => select(p).containsInAnyOrder(wrong))).toContain('- "wrong"');
    const message = await failureOf((p) => select(p).hasSize(expected.length + 1));
    expect(message).toContain(`expected ${expected.length + 1} element`);
    expect(message).toMatch(/hasSize, in /);
  });

  test("inOnlyPane: a window that fired twice fails, whatever is expected of it", async () => {
    const message = await failureOf((p) => assertThat(panes(p)).inOnlyPane(minute).isEmpty());
    expect(message).toMatch(
      /more than one pane: "on time" is in one that is not the last \(ON_TIME/,
    );
  });

  test("elements that no grouping has seen are in no timing, and in their only and final pane", async () => {
    await testPipeline((p) => {
      const plain = p.create([1]);
      assertThat(plain).inOnTimePane(GLOBAL_WINDOW).isEmpty();
      assertThat(plain).inFinalPane(GLOBAL_WINDOW).hasSize(1);
      assertThat(plain).inCombinedNonLatePanes(GLOBAL_WINDOW).hasSize(1);
    });
  });
});

describe("an assertion that never ran fails (AS1)", () => {
  test.each<[string, (p: Root) => unknown]>([
    ["assertThat alone", (p) => assertThat(p.create([1]))],
    ["a selection alone", (p) => assertThat(p.create([1])).inWindow(minute)],
    [
      "a selection behind a check",
      (p) =>
        assertThat(p.create([1]))
          .hasSize(1)
          .inFinalPane(minute),
    ],
    ["assertThatSingleton alone", (p) => assertThatSingleton(p.create([1]))],
  ])("%s is ERR_PIPELINE before anything runs, with its place", async (_, build) => {
    const run = runPipeline((p) => void build(p));
    await expect(run).rejects.toThrow(/checks nothing/);
    await expect(run).rejects.toThrow(/assert-that\.test\.ts:\d+/);
    expect(await codeOf(() => run)).toBe("ERR_PIPELINE");
  });

  test("a run whose sinks were never reached fails, and does not pass in silence", async () => {
    // The check runs over nothing, for the DoFn gives nothing on.
    const build = (p: Root): unknown =>
      assertThat(p.create([1]).parDo<number>({ process() {} })).containsInAnyOrder([1]);
    expect(await failureOf((p) => void build(p))).toContain("- 1");
  });

  test("as many checks are counted as were written", async () => {
    const { checks } = await testPipeline((p) => {
      const numbers = p.create([1, 2]);
      assertThat(numbers).hasSize(2).containsInAnyOrder([1, 2]);
      assertThatSingleton(numbers.filter((n) => n > 1)).isEqualTo(2);
    });
    expect(checks).toBe(3);
  });

  test("a test without any assertion is ERR_PIPELINE", async () => {
    const run = (): unknown => testPipeline((p) => p.create([1]).parDo({ process() {} }));
    expect(await codeOf(run)).toBe("ERR_PIPELINE");
  });
});
