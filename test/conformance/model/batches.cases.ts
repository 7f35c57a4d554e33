/**
 * Transforms on state and timers: GroupIntoBatches, Deduplicate and joins by intervals.
 */
import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  deduplicate,
  fixedWindows,
  globalWindow,
  groupIntoBatches,
  intervalJoin,
  type KV,
  kv,
  type PCollection,
} from "../../../sdk/index.ts";
import type { ModelCase } from "./model-case.ts";

type Pair = KV<string, string>;

const at = (value: string, time: number) => timestamped(kv("k", value), time);

/** Batches as text, with the numbers of values; which values meet is not said. */
function sizes(batches: PCollection<KV<unknown, readonly string[]>>): PCollection<number> {
  return batches.map(({ value }) => value.length);
}

/** Two values wait; after ten minutes another comes, and after ten more the end. */
const buffered = testStream<Pair>()
  .addElements(at("a", 1), at("b", 2))
  .advanceProcessingTime({ minutes: 10 })
  .addElements(at("c", 3))
  .advanceWatermarkTo(10);

const fiveMinutes = { size: 3, maxBufferingDuration: { minutes: 5 } } as const;

export const batchesCases: readonly ModelCase[] = [
  {
    name: "testInStreamingMode: batches of a size, and what is left when the window expires",
    build(p) {
      const stream = testStream<Pair>()
        .addElements(at("a", 1), at("b", 2), at("c", 3))
        .addElements(at("d", 4), at("e", 5))
        .advanceWatermarkTo(9)
        .addElements(at("f", 9), at("g", 12))
        .advanceWatermarkToInfinity();
      const batches = p
        .read(stream)
        .windowInto(fixedWindows(10))
        .apply(groupIntoBatches<string, string>({ size: 4 }));
      const values = assertThat(batches.map(({ value }) => value.toSorted().join("")));
      values.inWindow({ start: 0, end: 10 }).containsInAnyOrder(["abcd", "ef"]);
      values.inWindow({ start: 10, end: 20 }).containsInAnyOrder(["g"]);
    },
  },
  {
    name: "testBufferingTimerInFixedWindow: no value waits longer than it may",
    build(p) {
      const batches = p
        .read(buffered)
        .windowInto(fixedWindows(10))
        .apply(groupIntoBatches<string, string>(fiveMinutes));
      // The second batch comes because its window has expired.
      assertThat(batches.map(({ value }) => value.toSorted().join(""))).containsInAnyOrder([
        "ab",
        "c",
      ]);
    },
  },
  {
    name: "testBufferingTimerInGlobalWindow, testWithShardedKeyInGlobalWindow",
    build(p) {
      const input = p.read(buffered).windowInto(globalWindow());
      const batching = groupIntoBatches<string, string>(fiveMinutes);
      // The window has not ended, and the last value may still wait.
      assertThat(sizes(input.apply(batching))).containsInAnyOrder([2]);
      const sharded = input.apply(batching.withShardedKey(2));
      assertThat(sizes(sharded)).satisfies((each) => {
        const all = each.reduce((sum, n) => sum + n, 0);
        if (all !== 2) throw new Error(`batches of ${each} values`);
      });
      assertThat(sharded.map(({ key }) => key.key)).satisfies((keys) => {
        if (keys.some((key) => key !== "k")) throw new Error(`keys: ${keys}`);
      });
    },
  },
  {
    name: "Deduplicate: an element goes on at once, and again when it is forgotten",
    build(p) {
      const stream = testStream<string>()
        .addElements(timestamped("a", 1), timestamped("a", 2), timestamped("b", 3))
        .addElements(timestamped("a", 4))
        .advanceProcessingTime({ minutes: 11 })
        .addElements(timestamped("a", 5))
        .advanceWatermarkToInfinity();
      assertThat(p.read(stream).apply(deduplicate())).containsInAnyOrder(["a", "b", "a"]);
    },
  },
  {
    name: "joins by intervals: values whose times are near, whichever comes first",
    build(p) {
      const lefts = testStream<Pair>()
        .addElements(at("l10", 10))
        .addElements(at("l30", 30))
        .advanceWatermarkToInfinity();
      const rights = testStream<Pair>()
        .addElements(at("r5", 5), at("r14", 14))
        .addElements(at("r28", 28), at("r40", 40))
        .advanceWatermarkToInfinity();
      const joined = intervalJoin(p.read(lefts), p.read(rights), { before: 5, after: 4 });
      const texts = joined.map(({ value }) => `${value.left} ${value.right}`);
      assertThat(texts).containsInAnyOrder(["l10 r5", "l10 r14", "l30 r28"]);
    },
  },
];
