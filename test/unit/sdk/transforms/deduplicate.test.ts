/** deduplicate: what comes again within a time is left out. */
import { expect, test } from "vitest";
import {
  assertThat,
  testPipeline,
  testStream,
  timestamped,
} from "../../../../emulators/testing/index.ts";
import { deduplicate, fixedWindows } from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

test("in batch each different element comes once, equal by value, at the time at which it was first seen", async () => {
  const { out } = await elementsOf(
    (p) =>
      p
        .create(
          [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
            { a: 3, b: 4 },
          ],
          { timestamp: () => 7 },
        )
        .apply(deduplicate()),
    SMALL_BUNDLES,
  );
  expect(out.map(({ element, timestamp }) => [element.a, timestamp]).sort()).toEqual([
    [1, 7],
    [3, 7],
  ]);
});

test("by what a function gives, and for each window", async () => {
  const { sorted } = await elementsOf((p) =>
    p
      .create(
        [1, 2, 3, 14, 15].map((n) => ({ n })),
        { timestamp: ({ n }) => n },
      )
      .windowInto(fixedWindows(10))
      .apply(deduplicate({ by: ({ n }) => n % 2 })),
  );
  expect(sorted.map(({ n }) => n % 2).sort()).toEqual([0, 0, 1, 1]);
});

test("by processing time an element is forgotten after the duration, whenever it came again", async () => {
  await testPipeline((p) => {
    const stream = testStream<string>()
      .addElements("a", "b", "a")
      .advanceProcessingTime({ minutes: 9 })
      .addElements("a")
      .advanceProcessingTime({ minutes: 1 })
      .addElements("a")
      .addElements("b")
      .addElements("a")
      .advanceWatermarkToInfinity();
    assertThat(p.read(stream).apply(deduplicate())).containsInAnyOrder(["a", "a", "b", "b"]);
  });
});

test("by event time it is forgotten when the watermark has passed the duration after it", async () => {
  await testPipeline((p) => {
    const stream = testStream<string>()
      .addElements(timestamped("a", 0))
      .addElements(timestamped("a", 500))
      .advanceWatermarkTo(1_000)
      .addElements(timestamped("a", 1_000))
      .advanceWatermarkTo(1_001)
      .addElements(timestamped("a", 1_001))
      .advanceWatermarkToInfinity();
    const options = { timeDomain: "event", duration: { seconds: 1 } } as const;
    const times = p
      .read(stream)
      .apply(deduplicate(options))
      .parDo<number>({ process: (_, { timestamp, output }) => output(timestamp) });
    assertThat(times).containsInAnyOrder([0, 1_001]);
  });
});

test("remembering holds no window back", async () => {
  await testPipeline((p) => {
    const stream = testStream<string>()
      .addElements(timestamped("a", 0), timestamped("a", 1))
      .advanceWatermarkTo(100);
    const counted = p
      .read(stream)
      .apply(deduplicate({ duration: { days: 1 } }))
      .windowInto(fixedWindows(50))
      .keyBy((text) => text)
      .groupByKey()
      .map(({ value }) => value.length);
    assertThat(counted).containsInAnyOrder([1]);
  });
});

test("a duration that is none is refused at once", () => {
  expect(meshErrorOf(() => deduplicate({ duration: -1 })).code).toBe("ERR_DURATION");
});
