/**
 * Windows and event time: which window an element falls into, and what keeps its timestamp.
 */
import { assertThat } from "../../../emulators/testing/index.ts";
import {
  count,
  customWindows,
  type DoFn,
  fixedWindows,
  globalWindow,
  type KV,
  kv,
  MIN_TIMESTAMP,
  type PCollection,
  type Root,
  reifyWindows,
  sessions,
  slidingWindows,
  statefulDoFn,
  sum,
  type Window,
  type WindowFn,
} from "../../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import type { ModelCase } from "./model-case.ts";

/** Numbers that are their own event times. */
function times(p: Root, ...numbers: readonly number[]): PCollection<number> {
  return p.create(numbers, { timestamp: (n) => n });
}

/** The numbers of each window, under one key, as text. */
function grouped(input: PCollection<number>, windowFn: WindowFn<number>): PCollection<string> {
  return input
    .windowInto(windowFn)
    .keyBy(() => "all")
    .groupByKey()
    .map(({ value }) => value.toSorted((a, b) => a - b).join(" "));
}

interface Word {
  readonly text: string;
  readonly at: number;
}

/** Large words in windows of 30, others in windows of 5, told apart by their labels or sizes. */
function sizedWindows<T>(textOf: (element: T) => string, isLabelled: boolean): WindowFn<T> {
  const isLarge = ({ start, end }: Window): boolean => end - start === 30;
  return customWindows<T>({
    name: isLabelled ? "sized and labelled" : "sized",
    assign({ element, timestamp }) {
      const isBig = textOf(element) === "big";
      const window = { start: timestamp, end: timestamp + (isBig ? 30 : 5) };
      return [isLabelled ? { ...window, label: isBig ? "large" : "small" } : window];
    },
    merge: (windows) =>
      windows.filter(isLarge).map((large) => ({
        windows: windows.filter(({ start, end }) => large.start <= start && end <= large.end),
        into: large,
      })),
  });
}

const words: readonly Word[] = [
  { text: "big", at: 10 },
  { text: "small", at: 20 },
  { text: "alone", at: 39 },
];

function timedWords(p: Root): PCollection<string> {
  return p.create(words, { timestamp: ({ at }) => at }).map(({ text }) => text);
}

interface Described {
  readonly value: number;
  readonly timestamp: number;
  readonly window: string;
  readonly pane: string;
}

/** Each number with all that the mesh knows of it, as data. */
function described(input: PCollection<number>): PCollection<Described> {
  return input.apply(reifyWindows<number>()).map(({ value, timestamp, window, pane }) => ({
    value,
    timestamp,
    window: `${window.start} ${window.end}`,
    pane: `${pane.timing} ${pane.index} ${pane.onTimeIndex} ${pane.isFirst} ${pane.isLast}`,
  }));
}

const back: DoFn<number, string> = {
  process(n, context) {
    context.output(`${n}`, { timestamp: n - 5 });
  },
};

const backWithSkew = statefulDoFn<KV<string, number>, string>()({
  allowedTimestampSkew: 5,
  process({ value }, { output }) {
    output(`${value}`, { timestamp: value - 5 });
  },
});

export const windowsCases: readonly ModelCase[] = [
  {
    name: "global window: holds all of time, and fires when the input has ended",
    build(p) {
      const all = grouped(times(p, -1_000, 0, 8.64e14), globalWindow());
      assertThat(all)
        .inOnTimePane(GLOBAL_WINDOW)
        .containsInAnyOrder(["-1000 0 864000000000000"])
        .inFinalPane(GLOBAL_WINDOW)
        .hasSize(1);
    },
  },
  {
    name: "fixed windows: half-open, from the epoch or an offset, also before 1970",
    build(p) {
      const all = times(p, -1, 0, 9, 10, 25);
      const plain = assertThat(grouped(all, fixedWindows(10)));
      plain.inOnlyPane({ start: -10, end: 0 }).containsInAnyOrder(["-1"]);
      plain.inOnlyPane({ start: 0, end: 10 }).containsInAnyOrder(["0 9"]);
      plain.inOnlyPane({ start: 10, end: 20 }).containsInAnyOrder(["10"]);
      plain.inOnlyPane({ start: 20, end: 30 }).containsInAnyOrder(["25"]);
      const shifted = assertThat(grouped(all, fixedWindows(10, { offset: 3 })));
      shifted.inOnlyPane({ start: -7, end: 3 }).containsInAnyOrder(["-1 0"]);
      shifted.inOnlyPane({ start: 3, end: 13 }).containsInAnyOrder(["9 10"]);
      shifted.inOnlyPane({ start: 23, end: 33 }).containsInAnyOrder(["25"]);
    },
  },
  {
    name: "sliding windows: an element counts once in each window; one in a gap is in none",
    build(p) {
      const all = times(p, -1, 0, 7);
      const dense = assertThat(grouped(all, slidingWindows(10, { period: 5 })));
      dense.inOnlyPane({ start: -10, end: 0 }).containsInAnyOrder(["-1"]);
      dense.inOnlyPane({ start: -5, end: 5 }).containsInAnyOrder(["-1 0"]);
      dense.inOnlyPane({ start: 0, end: 10 }).containsInAnyOrder(["0 7"]);
      dense.inOnlyPane({ start: 5, end: 15 }).containsInAnyOrder(["7"]);
      const gaps = grouped(all, slidingWindows(5, { period: 10 }));
      assertThat(gaps).inOnlyPane({ start: 0, end: 5 }).containsInAnyOrder(["0"]);
      assertThat(gaps).hasSize(1);
    },
  },
  {
    name: "session windows: merge for each key where they intersect, not where they only touch",
    build(p) {
      const pairs = [kv("a", 0), kv("a", 9), kv("a", 20), kv("b", 5), kv("a", 29), kv("b", 15)];
      const sums = assertThat(
        p
          .create(pairs, { timestamp: ({ value }) => value })
          .windowInto(sessions(10))
          .combinePerKey(sum()),
      );
      sums.inOnlyPane({ start: 0, end: 19 }).containsInAnyOrder([kv("a", 9)]);
      sums.inOnlyPane({ start: 20, end: 39 }).containsInAnyOrder([kv("a", 49)]);
      sums.inOnlyPane({ start: 5, end: 15 }).containsInAnyOrder([kv("b", 5)]);
      sums.inOnlyPane({ start: 15, end: 25 }).containsInAnyOrder([kv("b", 15)]);
    },
  },
  {
    name: "merged windows do not merge again at a second grouping",
    build(p) {
      const pairs = [kv("a", 0), kv("a", 5), kv("b", 10), kv("b", 12), kv("c", 5), kv("c", 0)];
      const again = p
        .create(pairs, { timestamp: ({ value }) => value })
        .windowInto(sessions(10))
        .combinePerKey(count())
        .map(({ value }) => kv("all", value))
        .groupByKey();
      const windows = assertThat(again);
      windows.inOnlyPane({ start: 0, end: 15 }).containsInAnyOrder([kv("all", [2, 2])]);
      windows.inOnlyPane({ start: 10, end: 22 }).containsInAnyOrder([kv("all", [2])]);
    },
  },
  {
    name: "custom windows: by an author's own function of the element, told apart by labels",
    build(p) {
      const byText = customWindows<string>({
        name: "by first letter",
        assign: ({ element, timestamp }) => [
          { start: timestamp, end: timestamp + 100, label: element.slice(0, 1) },
        ],
      });
      const groups = p
        .create(["apple", "avocado", "banana"], { timestamp: () => 0 })
        .windowInto(byText)
        .keyBy(() => "all")
        .combinePerKey(count())
        .parDo<string>({
          process: ({ value }, { window, output }) => output(`${window.label} ${value}`),
        });
      assertThat(groups).containsInAnyOrder(["a 2", "b 1"]);
    },
  },
  {
    name: "testMergingCustomWindows",
    build(p) {
      const counts = timedWords(p)
        .windowInto(sizedWindows<string>((text) => text, true))
        .combineGlobally(count(), { withoutDefaults: true });
      assertThat(counts).containsInAnyOrder([2, 1]);
      assertThat(counts)
        .inWindow({ start: 39, end: 44 })
        .satisfies((_, elements) => {
          if (elements.length > 1) throw new Error("the small window has more than one count");
        });
    },
  },
  {
    name: "testMergingCustomWindowsKeyedCollection",
    build(p) {
      const counts = timedWords(p)
        .map((text) => kv(0, text))
        .windowInto(sizedWindows<KV<number, string>>(({ value }) => value, true))
        .combinePerKey(count());
      assertThat(counts).containsInAnyOrder([kv(0, 2), kv(0, 1)]);
    },
  },
  {
    name: "testMergingCustomWindowsWithoutCustomWindowTypes",
    build(p) {
      const counts = timedWords(p)
        .windowInto(sizedWindows<string>((text) => text, false))
        .combineGlobally(count(), { withoutDefaults: true });
      assertThat(counts).inOnlyPane({ start: 10, end: 40 }).containsInAnyOrder([2]);
      assertThat(counts).inOnlyPane({ start: 39, end: 44 }).containsInAnyOrder([1]);
    },
  },
  {
    name: "timestamp control: an author gives elements their times, and a pane gets the combiner's",
    build(p) {
      const stamped = p.create([3, 7, 12]).withTimestamps((n) => n);
      const sums = (timestampCombiner: "earliest" | "latest" | "endOfWindow") =>
        stamped
          .windowInto(fixedWindows(10), { timestampCombiner })
          .combineGlobally(sum(), { withoutDefaults: true })
          .parDo<string>({ process: (n, { timestamp, output }) => output(`${n} @${timestamp}`) });
      assertThat(sums("earliest")).containsInAnyOrder(["10 @3", "12 @12"]);
      assertThat(sums("latest")).containsInAnyOrder(["10 @7", "12 @12"]);
      assertThat(sums("endOfWindow")).containsInAnyOrder(["10 @9", "12 @19"]);
      const unstamped = p.create([1]).parDo<boolean>({
        process: (_, { timestamp, output }) => output(timestamp === MIN_TIMESTAMP),
      });
      assertThat(unstamped).containsInAnyOrder([true]);
    },
  },
  {
    name: "testReshufflePreservesMetadata: timestamp, window and pane, also of sessions",
    build(p) {
      const input = times(p, 1, 5, 25);
      const plain = input.windowInto(fixedWindows(10));
      const merged = input
        .windowInto(sessions(10), { accumulation: "accumulating", allowedLateness: 5 })
        .keyBy(() => "all")
        .combinePerKey(sum())
        .values();
      const window = (start: number, end: number): string => `${start} ${end}`;
      const none = "UNKNOWN 0 0 true true";
      assertThat(described(plain.reshuffle())).containsInAnyOrder([
        { value: 1, timestamp: 1, window: window(0, 10), pane: none },
        { value: 5, timestamp: 5, window: window(0, 10), pane: none },
        { value: 25, timestamp: 25, window: window(20, 30), pane: none },
      ]);
      const onTime = "ON_TIME 0 0 true false";
      assertThat(described(merged.reshuffle())).containsInAnyOrder([
        { value: 6, timestamp: 14, window: window(1, 15), pane: onTime },
        { value: 25, timestamp: 34, window: window(25, 35), pane: onTime },
      ]);
    },
  },
  {
    name: "testProcessElementSkew: an output before its input is refused, unless a skew allows it",
    deadLetters: 2,
    build(p) {
      // Sources of their own: what is set aside is the element of the stage, for all its transforms.
      assertThat(times(p, 10, 20).parDo(back)).isEmpty();
      const skewed = times(p, 10, 20)
        .keyBy(() => "all")
        .parDo(backWithSkew)
        .apply(reifyWindows<string>());
      assertThat(skewed.map(({ value, timestamp }) => `${value} @${timestamp}`)).containsInAnyOrder(
        ["10 @5", "20 @15"],
      );
    },
    check({ deadLetters }) {
      const codes = new Set(deadLetters.map(({ error }) => error.code));
      if ([...codes].join() !== "ERR_TIMESTAMP") throw new Error(`codes: ${[...codes].join()}`);
    },
  },
];
