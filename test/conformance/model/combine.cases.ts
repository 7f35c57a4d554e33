/**
 * Grouping and folding: GroupByKey, Combine, CoGroupByKey, Flatten and composites of them.
 */
import {
  assertThat,
  assertThatMap,
  testStream,
  timestamped,
} from "../../../emulators/testing/index.ts";
import {
  type Composite,
  coGroupByKey,
  count,
  countPerElement,
  distinct,
  fixedWindows,
  flatten,
  type KV,
  kv,
  latestPerKey,
  mean,
  partition,
  sessions,
  slidingWindows,
  sum,
  top,
} from "../../../sdk/index.ts";
import type { ModelCase } from "./model-case.ts";

const scores = [kv("a", 1), kv("a", 4), kv("b", 1), kv("b", 13), kv("a", 1)];

/** Counts words, out of transforms that anyone could write. */
const countWords: Composite<string, KV<string, number>> = (lines) =>
  lines
    .flatMap((line) => line.split(" "))
    .keyBy((word) => word)
    .combinePerKey(count());

const text = (length: number, of: string): string => of.repeat(length);

export const combineCases: readonly ModelCase[] = [
  {
    name: "GroupByKey: keys are equal by value, and all values of a key meet",
    build(p) {
      const pairs = [kv({ x: 1, y: 2 }, "a"), kv({ y: 2, x: 1 }, "b"), kv({ x: 1, y: 3 }, "c")];
      const groups = p
        .create(pairs)
        .groupByKey()
        .map(({ key, value }) => kv(key, value.toSorted().join("")));
      assertThat(groups).containsInAnyOrder([kv({ x: 1, y: 2 }, "ab"), kv({ x: 1, y: 3 }, "c")]);
    },
  },
  {
    name: "GroupByKey: large keys of 10 KB and 100 KB; one that is larger than a document is set aside",
    deadLetters: 1,
    build(p) {
      const keys = [text(10_000, "a"), text(10_000, "a"), text(100_000, "b"), text(1_000_000, "c")];
      const lengths = p
        .create(keys.map((_, i) => i))
        .keyBy((i) => keys[i])
        .combinePerKey(count())
        .map(({ key, value }) => `${key?.length} ${value}`);
      assertThat(lengths).containsInAnyOrder(["10000 2", "100000 1"]);
    },
    check({ deadLetters }) {
      const [letter] = deadLetters;
      if (letter?.error.code !== "ERR_ELEMENT_TOO_BIG") throw new Error(letter?.error.message);
    },
  },
  {
    name: "Combine: per key, globally, of nothing, and a record of several",
    build(p) {
      const pairs = p.create(scores);
      assertThatMap(pairs.combinePerKey(sum())).isEqualTo({ a: 6, b: 14 });
      const both = pairs.combinePerKey({ mean: mean(), top: top(1, (n: number) => n) });
      assertThatMap(both).isEqualTo({ a: { mean: 2, top: [4] }, b: { mean: 7, top: [13] } });
      assertThat(pairs.values().combineGlobally(sum())).containsInAnyOrder([20]);
      const none = pairs.values().filter(() => false);
      assertThat(none.combineGlobally(sum())).containsInAnyOrder([0]);
      assertThat(none.combineGlobally(sum(), { withoutDefaults: true })).isEmpty();
      assertThat(none.keyBy(() => "none").combinePerKey(sum())).isEmpty();
    },
  },
  {
    name: "Combine: in fixed, sliding and session windows",
    build(p) {
      const pairs = p.create([0, 1, 6], { timestamp: (n) => n }).keyBy(() => "a");
      const fixed = assertThat(pairs.windowInto(fixedWindows(2)).combinePerKey(sum()));
      fixed.inOnlyPane({ start: 0, end: 2 }).containsInAnyOrder([kv("a", 1)]);
      fixed.inOnlyPane({ start: 6, end: 8 }).containsInAnyOrder([kv("a", 6)]);
      const sliding = pairs.windowInto(slidingWindows(3, { period: 1 })).combinePerKey(count());
      assertThat(sliding.values()).containsInAnyOrder([1, 2, 2, 1, 1, 1, 1]);
      const merged = assertThat(pairs.windowInto(sessions(5)).combinePerKey(sum()));
      merged.inOnlyPane({ start: 0, end: 6 }).containsInAnyOrder([kv("a", 1)]);
      merged.inOnlyPane({ start: 6, end: 11 }).containsInAnyOrder([kv("a", 6)]);
    },
  },
  {
    name: "testHotKeyCombining: with a fan-out, per key and globally, also with accumulating panes",
    build(p) {
      const pairs = p.create(scores);
      const fanout = (key: string): number => (key === "a" ? 3 : 1);
      assertThatMap(pairs.combinePerKey(mean(), { fanout })).isEqualTo({ a: 2, b: 7 });
      assertThat(pairs.values().combineGlobally(sum(), { fanout: 2 })).containsInAnyOrder([20]);
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("hot", 1), 1), timestamped(kv("hot", 2), 2))
        .advanceWatermarkTo(10)
        .addElements(timestamped(kv("hot", 4), 3))
        .advanceWatermarkToInfinity();
      const sums = p
        .read(stream)
        .windowInto(fixedWindows(10), { accumulation: "accumulating", allowedLateness: 100 })
        .combinePerKey(sum(), { fanout: 2 });
      assertThat(sums).containsInAnyOrder([kv("hot", 3), kv("hot", 7)]);
    },
  },
  {
    name: "CoGroupByKey: the values of each key by input, in windows",
    build(p) {
      const at = { timestamp: ({ value }: { readonly value: number }) => value };
      const inTens = fixedWindows(10);
      const clicks = p.create([kv("a", 1), kv("b", 2), kv("a", 11)], at).windowInto(inTens);
      const buys = p.create([kv("a", 3), kv("a", 4), kv("c", 5)], at).windowInto(inTens);
      const groups = coGroupByKey({ clicks, buys }).map(({ key, value }) => {
        const numbers = value.buys.toSorted((a, b) => a - b);
        return `${key} ${value.clicks.join("+")} ${numbers.join("+")}`;
      });
      assertThat(groups)
        .inWindow({ start: 0, end: 10 })
        .containsInAnyOrder(["a 1 3+4", "b 2 ", "c  5"])
        .inWindow({ start: 10, end: 20 })
        .containsInAnyOrder(["a 11 "]);
    },
  },
  {
    name: "Flatten: of several, the same twice, of none, and before a grouping",
    build(p) {
      const one = p.create([1, 2]);
      const other = p.create([3]);
      assertThat(flatten(one, other, one)).containsInAnyOrder([1, 2, 3, 1, 2]);
      assertThat(p.flatten<number>([])).isEmpty();
      assertThat(p.flatten<number>([]).combineGlobally(count())).containsInAnyOrder([0]);
      const counts = flatten(one, other, one).apply(countPerElement());
      assertThatMap(counts).isEqualTo(
        new Map([
          [1, 2],
          [2, 2],
          [3, 1],
        ]),
      );
    },
  },
  {
    name: "Flatten: of PCollections whose elements are of different types",
    build(p) {
      const all = flatten(
        p.create([1, Number.NaN]),
        p.create(["1"]),
        p.create([new Date(1)]),
        p.create([new Uint8Array([1])]),
        p.create([new Map([["n", 1n]])]),
      );
      const counts = all
        .keyBy((x) => Object.prototype.toString.call(x).slice(8, -1))
        .combinePerKey(count());
      assertThatMap(counts).isEqualTo({ Number: 2, String: 1, Date: 1, Uint8Array: 1, Map: 1 });
      assertThat(all.reshuffle()).containsInAnyOrder([
        ...[1, Number.NaN, "1", new Date(1)],
        ...[new Uint8Array([1]), new Map([["n", 1n]])],
      ]);
    },
  },
  {
    name: "composite transforms: an author's own, and those of the SDK",
    build(p) {
      const lines = p.create(["to be or", "not to be"]);
      assertThatMap(lines.apply("Count words", countWords)).isEqualTo({
        to: 2,
        be: 2,
        or: 1,
        not: 1,
      });
      const words = lines.flatMap((line) => line.split(" "));
      assertThat(words.apply(distinct())).containsInAnyOrder(["to", "be", "or", "not"]);
      const [short, long] = words.apply(partition(2, (word) => (word.length < 3 ? 0 : 1)));
      assertThat(short).hasSize(5);
      assertThat(long).containsInAnyOrder(["not"]);
      const timed = p.create([kv("a", 1), kv("a", 3), kv("a", 2)], {
        timestamp: ({ value }) => value,
      });
      assertThatMap(timed.apply(latestPerKey())).isEqualTo({ a: 3 });
    },
  },
];
