/**
 * Test streams: what a script may say, and that the pipeline comes to rest between two steps (TS1 to
 * TS3). Several cases are those of Beam's TestStreamTest.
 */
import { describe, expect, test } from "vitest";
import {
  assertThat,
  assertThatMap,
  runPipeline,
  type TestStream,
  testPipeline,
  testStream,
  testStreams,
  timestamped,
} from "../../../emulators/testing/index.ts";
import {
  compile,
  count,
  explainPlan,
  fixedWindows,
  flatten,
  kv,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  pipeline,
  sum,
} from "../../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { codeOf } from "../../support/builders.ts";

const minute = { start: 0, end: 60_000 };

describe("a script", () => {
  const open = testStream<string>().advanceWatermarkTo(5);
  const ended = open.advanceWatermarkToInfinity();

  test.each<[string, () => unknown]>([
    ["an element at +∞", () => open.addElements(timestamped("a", MAX_TIMESTAMP))],
    ["a watermark that goes back", () => open.advanceWatermarkTo(4)],
    ["a watermark at +∞", () => open.advanceWatermarkTo(MAX_TIMESTAMP)],
    ["no processing time at all", () => open.advanceProcessingTime(0)],
    ["elements after the end", () => ended.addElements("a")],
    ["a watermark after the end", () => ended.advanceWatermarkTo(6)],
    ["processing time after the end", () => ended.advanceProcessingTime(1)],
    ["a second end", () => ended.advanceWatermarkToInfinity()],
  ])("refuses %s with ERR_OPTION, and names the place", async (_, write) => {
    expect(await codeOf(write)).toBe("ERR_OPTION");
    expect(write).toThrow(/test-stream\.test\.ts:\d+/);
  });

  test("takes an element right before +∞, and a watermark where it stands already", () => {
    const last = MAX_TIMESTAMP - 1;
    expect(() => open.addElements(timestamped("a", last)).advanceWatermarkTo(last)).not.toThrow();
    expect(() => open.advanceWatermarkTo(5)).not.toThrow();
  });

  test("refuses a negative duration, and what is no data, where they are written", async () => {
    expect(await codeOf(() => open.advanceProcessingTime(-1))).toBe("ERR_DURATION");
    expect(await codeOf(() => testStream<unknown>().addElements(() => 1))).toBe("ERR_ENCODE");
  });

  test("is not changed by a method: the stream before is still the one before", async () => {
    open.addElements("never seen");
    const result = await runPipeline((p) => assertThat(p.read(open)).isEmpty());
    expect(result.state).toBe("RUNNING");
  });

  test("keeps the streams of several tags apart: one may end before the other", () => {
    const both = testStreams<{ a: number; b: number }>().advanceWatermarkToInfinity("a");
    expect(() => both.addElements("a", 1)).toThrow(/ended/);
    expect(() => both.addElements("b", 1)).not.toThrow();
  });

  test("for a tag that nobody reads is ERR_PIPELINE", async () => {
    const both = testStreams<{ a: number; b: number }>().addElements("a", 1).addElements("b", 2);
    const run = (): unknown => runPipeline((p) => assertThat(p.read(both.source("a"))).hasSize(1));
    expect(await codeOf(run)).toBe("ERR_PIPELINE");
  });
});

test("a test stream is an ingest stage of the plan, whose watermark is as the script says", () => {
  const built = pipeline("scripted", (p) => {
    assertThat(p.read(testStream<number>({ name: "orders" }))).isEmpty();
  });
  const plan = compile(built);
  expect(plan.stages.map(({ kind, ingest }) => [kind, ingest?.watermark.kind])).toEqual([
    ["ingest", "manual"],
  ]);
  expect(explainPlan(plan, built.graph)).toContain("as the test's script says");
});

describe("elements", () => {
  test("come with their times; one without a time has that of the watermark", async () => {
    const seen: [string, number][] = [];
    await runPipeline((p) =>
      p
        .read(
          testStream<string>()
            .addElements("first", timestamped("timed", 7))
            .advanceWatermarkTo(100)
            .addElements(["second", timestamped("late", 3)])
            .advanceWatermarkToInfinity(),
        )
        .parDo({ process: (value, { timestamp }) => void seen.push([value, timestamp]) }),
    );
    expect(seen).toEqual([
      ["first", MIN_TIMESTAMP],
      ["timed", 7],
      ["second", 100],
      ["late", 3],
    ]);
  });

  test("of one step are one bundle, whatever their number (TS2)", async () => {
    const bundles: number[] = [];
    let size = 0;
    const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    await runPipeline(
      (p) =>
        p
          .read(testStream<number>().addElements(numbers(300)).addElements(numbers(2)))
          .reshuffle()
          .parDo({
            startBundle() {
              size = 0;
            },
            process: () => void size++,
            finishBundle: () => void bundles.push(size),
          }),
      { shards: 1 },
    );
    expect(bundles).toEqual([300, 2]);
  });

  test("of any kind of data arrive as they are", async () => {
    const values = [undefined, null, Number.NaN, -0, 5n, new Date(3), new Map([[1, { a: "x" }]])];
    await testPipeline((p) => {
      const all = p.read(testStream<unknown>().addElements(values).advanceWatermarkToInfinity());
      assertThat(all).containsInAnyOrder(values);
      assertThat(all.reshuffle()).containsInAnyOrder(values);
    });
  });
});

/** One late element after the window's end, and one that is too late. */
const lateness: TestStream<string> = testStream<string>()
  .addElements(timestamped("a", 0), timestamped("a", 59_999), timestamped("b", 5))
  .advanceWatermarkTo(59_999)
  .addElements(timestamped("a", 1))
  .advanceWatermarkTo(60_000)
  .addElements(timestamped("a", 2), timestamped("a", 3))
  .advanceWatermarkTo(65_000)
  .addElements(timestamped("b", 4))
  .advanceWatermarkTo(70_000)
  .addElements(timestamped("a", 5))
  .advanceWatermarkToInfinity();

test("late elements make a pane a bundle until the lateness is over, then they are dropped", async () => {
  const { status } = await testPipeline((p) => {
    const counts = p
      .read(lateness)
      .windowInto(fixedWindows(60_000), { allowedLateness: 10_000 })
      .keyBy((word) => word)
      .combinePerKey(count());
    assertThatMap(counts).inOnTimePane(minute).isEqualTo({ a: 3, b: 1 });
    assertThat(counts)
      .inLatePane(minute)
      .containsInAnyOrder([kv("a", 2), kv("b", 1)]);
    assertThat(counts).inCombinedNonLatePanes(minute).hasSize(2);
    assertThat(counts).inWindow({ start: 60_000, end: 120_000 }).isEmpty();
  });
  expect(status.stages.map(({ droppedLate }) => droppedLate)).toEqual([0, 1]);
});

test("an accumulating window's late panes hold all so far", async () => {
  await testPipeline((p) => {
    const counts = p
      .read(lateness)
      .windowInto(fixedWindows(60_000), {
        allowedLateness: 10_000,
        accumulation: "accumulating",
        closing: "fireAlways",
      })
      .keyBy((word) => word)
      .combinePerKey(count());
    assertThat(counts)
      .inLatePane(minute)
      .containsInAnyOrder([
        kv("a", 5),
        kv("b", 2),
        ...[kv("a", 5), kv("b", 2)], // The last panes, at closing.
      ]);
    assertThatMap(counts).inFinalPane(minute).isEqualTo({ a: 5, b: 2 });
  });
});

test("testFirstElementLate: an element that is too late from the first makes no window", async () => {
  await testPipeline((p) => {
    const values = p
      .read(
        testStream<string>()
          .advanceWatermarkTo(0)
          .addElements(timestamped("late", -1_000_000))
          .addElements(timestamped("on time", 100))
          .advanceWatermarkToInfinity(),
      )
      .windowInto(fixedWindows(1_000), { allowedLateness: 5_000 })
      .keyBy(() => 1)
      .groupByKey()
      .flatMap(({ value }) => value);
    assertThat(values).inWindow({ start: -1_000_000, end: -999_000 }).isEmpty();
    assertThat(values).inOnTimePane({ start: 0, end: 1_000 }).containsInAnyOrder(["on time"]);
  });
});

test("testElementsAtAlmostPositiveInfinity: the last window there is fires at the end", async () => {
  const last = GLOBAL_WINDOW.end - 1;
  await testPipeline((p) => {
    const values = p
      .read(
        testStream<string>()
          .addElements(timestamped("foo", last), timestamped("bar", last))
          .advanceWatermarkToInfinity(),
      )
      .windowInto(fixedWindows({ hours: 6 }))
      .keyBy(() => 1)
      .groupByKey()
      .flatMap(({ value }) => value);
    assertThat(values).containsInAnyOrder(["foo", "bar"]);
  });
});

describe("between two steps the pipeline comes to rest (TS1)", () => {
  test("through a chain of groupings: each step's panes pass all of them", async () => {
    const seen: string[] = [];
    const stream = testStream<number>()
      .addElements(timestamped(1, 0), timestamped(2, 500))
      .advanceWatermarkTo(1_000)
      .addElements(timestamped(10, 1_500))
      .advanceWatermarkTo(2_000);
    await runPipeline((p) => {
      p.read(stream)
        .windowInto(fixedWindows(1_000))
        .keyBy((n) => n % 2)
        .combinePerKey(sum())
        .values()
        .keyBy(() => "all")
        .combinePerKey(sum())
        .reshuffle()
        .map(({ value }) => seen.push(`sum ${value}`))
        .parDo({ process() {} });
      p.read(stream).parDo({ process: (n) => void seen.push(`in ${n}`) });
    });
    expect(seen).toEqual(["in 1", "in 2", "sum 3", "in 10", "sum 10"]);
  });

  test("also where user code fails at first and is tried again after a pause", async () => {
    const seen: string[] = [];
    let failures = 0;
    await runPipeline((p) => {
      p.read(testStream<string>().addElements("a").addElements("b").advanceWatermarkToInfinity())
        .map((word) => {
          if (word === "a" && failures++ < 2) throw new Error("not yet");
          return word;
        })
        .reshuffle()
        .parDo({
          async process(word) {
            await new Promise((resolve) => setTimeout(resolve, 5)); // Real time.
            seen.push(word);
          },
        });
    });
    expect(seen).toEqual(["a", "b"]);
  });
});

describe("several streams", () => {
  test("have a watermark each; the grouping of both waits for the slower one", async () => {
    const fired: string[] = [];
    const both = testStreams<{ fast: string; slow: string }>()
      .addElements("fast", timestamped("f", 0))
      .advanceWatermarkToInfinity("fast")
      .addElements("slow", timestamped("s", 1))
      .advanceWatermarkTo("slow", 60_000);
    await testPipeline((p) => {
      const fast = p.read(both.source("fast")).windowInto(fixedWindows(60_000));
      const slow = p.read(both.source("slow")).windowInto(fixedWindows(60_000));
      const group = (name: string) => (words: readonly string[]) =>
        fired.push(`${name} ${words.toSorted().join("")}`);
      fast
        .keyBy(() => 1)
        .groupByKey()
        .values()
        .parDo({ process: (words) => void group("fast")(words) });
      const together = flatten(fast, slow)
        .keyBy(() => 1)
        .groupByKey()
        .values();
      together.parDo({ process: (words) => void group("both")(words) });
      assertThat(together).hasSize(1);
    });
    expect(fired).toEqual(["fast f", "both fs"]);
  });

  test("with scripts of their own take their steps in turn", async () => {
    const seen: (string | number)[] = [];
    const words = testStream<string>().addElements("a").addElements("b").addElements("c");
    const numbers = testStream<number>().addElements(1).addElements(2);
    await runPipeline((p) => {
      p.read(words).parDo({ process: (word) => void seen.push(word) });
      p.read(numbers).parDo({ process: (n) => void seen.push(n) });
    });
    expect(seen).toEqual(["a", 1, "b", 2, "c"]);
  });

  test("the same stream read twice gives its elements twice", async () => {
    const stream = testStream<number>().addElements(1, 2).advanceWatermarkToInfinity();
    await testPipeline((p) => {
      assertThat(flatten(p.read(stream), p.read(stream))).containsInAnyOrder([1, 1, 2, 2]);
    });
  });
});

describe("the end", () => {
  const stream = testStream<string>().addElements(timestamped("a", 0));
  const grouped = async (of: TestStream<string>, isFired: boolean): Promise<string> => {
    const { state } = await testPipeline((p) => {
      const groups = p
        .read(of)
        .windowInto(fixedWindows(60_000))
        .keyBy((word) => word)
        .groupByKey();
      assertThat(groups).hasSize(isFired ? 1 : 0);
    });
    return state;
  };

  test("advanceWatermarkToInfinity fires all that is open and the job is DONE", async () => {
    expect(await grouped(stream.advanceWatermarkToInfinity(), true)).toBe("DONE");
  });

  test("without it the run ends where the script does, with windows still open", async () => {
    expect(await grouped(stream, false)).toBe("RUNNING");
    expect(await grouped(stream.advanceWatermarkTo(59_999), false)).toBe("RUNNING");
    expect(await grouped(stream.advanceWatermarkTo(60_000), true)).toBe("RUNNING");
  });
});
