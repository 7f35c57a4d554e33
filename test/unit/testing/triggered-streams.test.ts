/**
 * Test streams with triggers: processing time to the millisecond, and cases of Beam's TestStreamTest.
 */
import { expect, test } from "vitest";
import {
  assertThat,
  type TestStream,
  testPipeline,
  testStream,
  timestamped,
} from "../../../emulators/testing/index.ts";
import {
  afterCount,
  afterProcessingTime,
  afterWatermark,
  count,
  fixedWindows,
  globalWindow,
  kv,
  never,
  repeatedly,
  sum,
} from "../../../sdk/index.ts";

const minutes = (n: number): number => n * 60_000;

test.each([
  [10_000, 0], // As in Beam, the time must have been passed.
  [10_001, 1],
])("a trigger after 10 s fires after 10 s: in %i ms it has fired %i times", async (byMs, panes) => {
  await testPipeline((p) => {
    const sums = p
      .read(testStream<number>().addElements(timestamped(1, 0)).advanceProcessingTime(byMs))
      .windowInto(globalWindow(), {
        trigger: repeatedly(afterProcessingTime({ delay: { seconds: 10 } })),
        accumulation: "discarding",
      })
      .keyBy(() => "all")
      .combinePerKey(sum());
    assertThat(sums).inEarlyGlobalWindowPanes().hasSize(panes);
  });
});

test("processing time goes on from where it stood: two halves are a whole", async () => {
  await testPipeline((p) => {
    const sums = p
      .read(
        testStream<number>()
          .addElements(timestamped(1, 0))
          .advanceProcessingTime(6_000)
          .addElements(timestamped(2, 0))
          .advanceProcessingTime(4_000)
          .addElements(timestamped(4, 0))
          .advanceProcessingTime(1)
          .addElements(timestamped(8, 0)),
      )
      .windowInto(globalWindow(), {
        trigger: repeatedly(afterProcessingTime({ delay: { seconds: 10 } })),
        accumulation: "discarding",
      })
      .keyBy(() => "all")
      .combinePerKey(sum());
    assertThat(sums).containsInAnyOrder([kv("all", 7)]);
  });
});

test("testProcessingTimeTrigger", async () => {
  const stream = testStream<number>()
    .addElements(timestamped(1, 1_000), timestamped(2, 2_000))
    .advanceProcessingTime(minutes(12))
    .addElements(timestamped(3, 3_000))
    .advanceProcessingTime(minutes(6))
    .advanceWatermarkToInfinity();
  await testPipeline((p) => {
    const sums = p
      .read(stream)
      .windowInto(globalWindow(), {
        trigger: afterWatermark({ early: afterProcessingTime({ delay: minutes(5) }) }),
        accumulation: "accumulating",
      })
      .keyBy(() => "all")
      .combinePerKey(sum())
      .values();
    assertThat(sums).inEarlyGlobalWindowPanes().containsInAnyOrder([3, 6]);
  });
});

test("testEarlyPanesOfWindow", async () => {
  const halfHour = { start: 0, end: minutes(30) };
  const stream = [1, 2, 3].reduce<TestStream<number>>(
    (before, n) => before.addElements(timestamped(n, n * 1_000)).advanceProcessingTime(minutes(6)),
    testStream<number>(),
  );
  await testPipeline((p) => {
    const sums = p
      .read(stream.advanceWatermarkToInfinity())
      .windowInto(fixedWindows(minutes(30)), {
        trigger: afterWatermark({ early: afterProcessingTime({ delay: minutes(5) }) }),
        accumulation: "accumulating",
      })
      .keyBy(() => "key")
      .combinePerKey(sum());
    assertThat(sums)
      .inEarlyPanes(halfHour)
      .containsInAnyOrder([kv("key", 1), kv("key", 3), kv("key", 6)])
      .inOnTimePane(halfHour)
      .containsInAnyOrder([kv("key", 6)]);
  });
});

test("testLateDataAccumulating", async () => {
  const window = { start: 0, end: minutes(5) };
  const stream = testStream<number>()
    .addElements([1, 2, 3].map((n) => timestamped(n, 0)))
    .advanceWatermarkTo(minutes(6))
    .addElements(timestamped(4, 0), timestamped(5, 0))
    .advanceWatermarkTo(minutes(20))
    .addElements([-1, -2, -3].map((n) => timestamped(n, 0)))
    .advanceWatermarkToInfinity();
  await testPipeline((p) => {
    const windowed = p.read(stream).windowInto(fixedWindows(minutes(5)), {
      trigger: afterWatermark({
        early: afterProcessingTime({ delay: minutes(2) }),
        late: afterCount(1),
      }),
      accumulation: "accumulating",
      allowedLateness: minutes(5),
      closing: "fireAlways",
    });
    const triggered = windowed
      .keyBy(() => 1)
      .groupByKey()
      .flatMap(({ value }) => value);
    assertThat(triggered).inFinalPane(window).containsInAnyOrder([1, 2, 3, 4, 5]);
    assertThat(triggered).inOnTimePane(window).containsInAnyOrder([1, 2, 3]);
    const between = (low: number, high: number) => (all: readonly number[]) =>
      expect(all.every((n) => n >= low && n <= high)).toBe(true);
    assertThat(windowed.combineGlobally(count(), { withoutDefaults: true }))
      .inWindow(window)
      .satisfies(between(3, 5));
    assertThat(windowed.combineGlobally(sum(), { withoutDefaults: true }))
      .inWindow(window)
      .satisfies(between(6, 15));
  });
});

test("testDiscardingMode", async () => {
  const window = { start: 0, end: 1_000 };
  const stream = testStream<string>()
    .advanceWatermarkTo(0)
    .addElements(timestamped("firstPane", 100), timestamped("alsoFirstPane", 200))
    .addElements(timestamped("onTimePane", 500))
    .advanceWatermarkTo(1_000)
    .addElements(timestamped("finalLatePane", 750), timestamped("alsoFinalLatePane", 250))
    .advanceWatermarkToInfinity();
  await testPipeline((p) => {
    const values = p
      .read(stream)
      .windowInto(fixedWindows(1_000), {
        trigger: afterWatermark({ early: afterCount(2), late: never() }),
        accumulation: "discarding",
        allowedLateness: 5_000,
      })
      .keyBy(() => 1)
      .groupByKey()
      .flatMap(({ value }) => value);
    const early = ["firstPane", "alsoFirstPane"];
    const late = ["finalLatePane", "alsoFinalLatePane"];
    assertThat(values)
      .inWindow(window)
      .containsInAnyOrder([...early, "onTimePane", ...late]);
    assertThat(values).inEarlyPanes(window).containsInAnyOrder(early);
    assertThat(values)
      .inCombinedNonLatePanes(window)
      .containsInAnyOrder([...early, "onTimePane"]);
    assertThat(values).inOnTimePane(window).containsInAnyOrder(["onTimePane"]);
    assertThat(values).inFinalPane(window).containsInAnyOrder(late);
  });
});

test("testMultipleStreams", async () => {
  const words = testStream<string>().addElements("foo", "bar").advanceWatermarkToInfinity();
  const numbers = testStream<number>().addElements(1, 2, 3, 4).advanceWatermarkToInfinity();
  await testPipeline((p) => {
    const inPanesOf = (size: number) =>
      ({ trigger: repeatedly(afterCount(size)), accumulation: "accumulating" }) as const;
    const read = p.read(words).windowInto(globalWindow(), inPanesOf(2));
    assertThat(read).containsInAnyOrder(["foo", "bar"]);
    const others = p.read(numbers).windowInto(globalWindow(), inPanesOf(4));
    assertThat(others).containsInAnyOrder([1, 2, 3, 4]);
  });
});
