/** groupIntoBatches: each value in exactly one batch, by size, bytes and time (GB1, GB2). */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  assertThat,
  testPipeline,
  testStream,
  timestamped,
} from "../../../../emulators/testing/index.ts";
import { fixedWindows, groupIntoBatches, kv } from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("batches are full but for the last of each key and window", async () => {
  const { out } = await elementsOf(
    (p) =>
      p
        .create(numbers(25), { timestamp: (n) => n })
        .windowInto(fixedWindows(20))
        .keyBy((n) => n % 2)
        .apply(groupIntoBatches({ size: 4 })),
    SMALL_BUNDLES,
  );
  const sizes = out.map(
    ({ element, window }) => `${window.start} ${element.key} ${element.value.length}`,
  );
  expect(sizes.sort()).toEqual([
    ...["0 0 2", "0 0 4", "0 0 4", "0 1 2", "0 1 4", "0 1 4"],
    ...["20 0 3", "20 1 2"],
  ]);
  expect(out.flatMap(({ element }) => element.value).sort((a, b) => a - b)).toEqual(numbers(25));
});

test("a batch has the earliest timestamp of its values, and holds windows behind it", async () => {
  await testPipeline((p) => {
    const stream = testStream<number>()
      .addElements(timestamped(1, 30))
      .addElements(timestamped(2, 10))
      .advanceWatermarkTo(1_000)
      .addElements(timestamped(3, 1_000), timestamped(4, 1_001))
      .advanceWatermarkToInfinity();
    const batches = p
      .read(stream)
      .keyBy(() => "k")
      .apply(groupIntoBatches({ size: 3 }))
      .parDo<string>({
        process: ({ value }, { timestamp, output }) => output(`${value.join(" ")} @${timestamp}`),
      });
    assertThat(batches).containsInAnyOrder(["1 2 3 @10", "4 @1001"]);
    const grouped = batches
      .windowInto(fixedWindows(100))
      .keyBy(() => "all")
      .groupByKey()
      .parDo<string>({
        process: ({ value }, { pane, window, output }) =>
          output(`${value.join()} ${window.start} ${pane.timing}`),
      });
    assertThat(grouped).containsInAnyOrder(["1 2 3 @10 0 ON_TIME", "4 @1001 1000 ON_TIME"]);
  });
});

test("values wait at most for the buffering duration, from the first of a batch on", async () => {
  await testPipeline((p) => {
    const stream = testStream<number>()
      .addElements(1)
      .advanceProcessingTime({ seconds: 9 })
      .addElements(2)
      .advanceProcessingTime({ seconds: 1 })
      .addElements(3, 4, 5)
      .addElements(6)
      .advanceProcessingTime({ seconds: 9 })
      .addElements(7)
      .advanceProcessingTime({ seconds: 1 });
    const batches = p
      .read(stream)
      .keyBy(() => "k")
      .apply(groupIntoBatches({ size: 3, maxBufferingDuration: { seconds: 10 } }))
      .map(({ value }) => value.join(" "));
    // The stream stays open: nothing is there because of an end.
    assertThat(batches).containsInAnyOrder(["1 2", "3 4 5", "6 7"]);
  });
});

test("what still waits when its window expires is handed on, whatever timers say", async () => {
  await testPipeline((p) => {
    const stream = testStream<number>()
      .addElements(timestamped(1, 5), timestamped(2, 105))
      .advanceWatermarkTo(100)
      .advanceWatermarkTo(110)
      .addElements(timestamped(3, 6));
    const options = { size: 9, maxBufferingDuration: { hours: 1 } };
    const batches = p
      .read(stream)
      .windowInto(fixedWindows(100), { allowedLateness: 10 })
      .keyBy(() => "k")
      .apply(groupIntoBatches(options))
      .map(({ value }) => value.join(" "));
    assertThat(batches).containsInAnyOrder(["1"]);
  });
});

test("by bytes a batch is handed on before it would be too large, and a large value goes alone", async () => {
  const texts = ["aa", "bb", "cc", "dddddddddd", "e"];
  const inOrder = { shards: 1 };
  const { out } = await elementsOf(
    (p) =>
      p
        .create(texts)
        .keyBy(() => "k")
        .apply(groupIntoBatches({ bytes: 5, bytesOf: (text: string) => text.length })),
    inOrder,
  );
  expect(out.map(({ element }) => element.value)).toEqual([
    ["aa", "bb"],
    ["cc"],
    ["dddddddddd"],
    ["e"],
  ]);
  const byJson = await elementsOf(
    (p) =>
      p
        .create(["ää", "b", "c"])
        .keyBy(() => "k")
        .apply(groupIntoBatches({ bytes: 8 })),
    inOrder,
  );
  expect(byJson.out.map(({ element }) => element.value)).toEqual([["ää"], ["b", "c"]]);
});

test("with sharded keys the parts of a key fill their batches beside each other", async () => {
  const { out } = await elementsOf(
    (p) =>
      p
        .create(numbers(200))
        .keyBy(() => "hot")
        .apply(groupIntoBatches<string, number>({ size: 10 }).withShardedKey(4)),
    SMALL_BUNDLES,
  );
  const shards = new Set(out.map(({ element }) => element.key.shard));
  expect([...shards].sort()).toEqual([0, 1, 2, 3]);
  for (const { element } of out) expect(element.key.key).toBe("hot");
  expect(out.flatMap(({ element }) => element.value).sort((a, b) => a - b)).toEqual(numbers(200));
  expect(out.filter(({ element }) => element.value.length < 10).length).toBeLessThanOrEqual(4);
});

test("no value is lost or doubled, whatever the limits (GB1)", async () => {
  const events = fc.array(
    fc.record({ key: fc.constantFrom("a", "b"), value: fc.nat(99), time: fc.nat(99) }),
    { maxLength: 30 },
  );
  const sizes = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    bytes: fc.integer({ min: 1, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(events, sizes, async (list, limits) => {
      const { out } = await elementsOf((p) =>
        p
          .create(list, { timestamp: ({ time }) => time })
          .windowInto(fixedWindows(40))
          .map(({ key, value }) => kv(key, value))
          .apply(groupIntoBatches(limits)),
      );
      const values = out.flatMap(({ element }) => element.value.map((n) => `${element.key}${n}`));
      expect(values.sort()).toEqual(list.map(({ key, value }) => `${key}${value}`).sort());
      for (const { element } of out) expect(element.value.length).toBeLessThanOrEqual(limits.size);
    }),
    { numRuns: 25 },
  );
});

test.each<[string, () => unknown]>([
  ["neither a size nor bytes", () => groupIntoBatches({})],
  ["a size of 0", () => groupIntoBatches({ size: 0 })],
  ["bytes that are no whole number", () => groupIntoBatches({ size: 5, bytes: 1.5 })],
  ["no shards", () => groupIntoBatches({ size: 5 }).withShardedKey(0)],
])("%s is refused at once", (_, make) => {
  expect(meshErrorOf(make).code).toBe("ERR_OPTION");
});
