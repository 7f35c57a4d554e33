/**
 * Side inputs: the kinds of view, which window is seen and when, and what is an error.
 */
import {
  assertThat,
  testStream,
  testStreams,
  timestamped,
} from "../../../emulators/testing/index.ts";
import {
  afterCount,
  afterWatermark,
  combinePerKeyWithContext,
  type DoFn,
  fixedWindows,
  globalWindow,
  type KV,
  kv,
  type None,
  type PCollection,
  repeatedly,
  type SideInput,
  slidingWindows,
  sum,
} from "../../../sdk/index.ts";
import type { ModelCase } from "./model-case.ts";

/** Emits what `show` says of each element and the side input. */
function beside<T, S>(
  main: PCollection<T>,
  side: SideInput<S>,
  show: (element: T, side: S) => string,
): PCollection<string> {
  const fn: DoFn<T, string, None, { readonly side: S }> = {
    process: (element, context) => context.output(show(element, context.sideInput("side"))),
  };
  return main.parDo(fn, { sideInputs: { side } });
}

const sorted = (texts: Iterable<unknown>): string => [...texts].map(String).toSorted().join(" ");

interface Order {
  readonly item: string;
  readonly cents: bigint;
}

interface Mixed {
  readonly dates: readonly Date[];
  readonly orders: ReadonlyMap<string, Order>;
  readonly nested: readonly (readonly number[])[];
}

const mixing: DoFn<string, string, None, Mixed> = {
  process(item, context) {
    const [date] = context.sideInput("dates");
    const cents = context.sideInput("orders").get(item)?.cents ?? 0n;
    const numbers = context.sideInput("nested").flat();
    context.output(`${item} ${date?.getTime()} ${cents + 1n} ${sorted(numbers)}`);
  },
};

export const sideInputsCases: readonly ModelCase[] = [
  {
    name: "side inputs: list, iterable, multimap, and views of nothing",
    build(p) {
      const pairs = p.create([kv("a", 1), kv("a", 2), kv("b", 3)]);
      const main = p.create(["a", "c"]);
      const numbers = pairs.values();
      assertThat(
        beside(main, numbers.asList(), (key, side) => `${key} ${sorted(side)}`),
      ).containsInAnyOrder(["a 1 2 3", "c 1 2 3"]);
      assertThat(
        beside(main, numbers.asIterable(), (key, side) => `${key} ${sorted(side)}`),
      ).containsInAnyOrder(["a 1 2 3", "c 1 2 3"]);
      assertThat(
        beside(main, pairs.asMultimap(), (key, side) => `${key} ${sorted(side.get(key) ?? [])}`),
      ).containsInAnyOrder(["a 1 2", "c "]);
      const none = numbers.filter(() => false);
      assertThat(
        beside(main, none.asSingleton({ fallback: 7 }), (key, side) => `${key} ${side}`),
      ).containsInAnyOrder(["a 7", "c 7"]);
      assertThat(
        beside(main, none.asList(), (key, side) => `${key} ${side.length}`),
      ).containsInAnyOrder(["a 0", "c 0"]);
    },
  },
  {
    name: "side inputs with different types, and of nested lists",
    build(p) {
      const sideInputs = {
        dates: p.create([new Date(5)]).asList(),
        orders: p.create([kv("tea", { item: "tea", cents: 399n })]).asMap(),
        nested: p.create([[1, 2], [3], []]).asList(),
      };
      assertThat(p.create(["tea", "jam"]).parDo(mixing, { sideInputs })).containsInAnyOrder([
        "tea 5 400 1 2 3",
        "jam 5 1 1 2 3",
      ]);
    },
  },
  {
    name: "testTriggeredLatestSingleton: a triggered side input gives its newest pane",
    build(p) {
      const both = testStreams<{ side: number; main: string }>()
        .addElements("side", timestamped(1, 0))
        .addElements("main", timestamped("first", 0))
        .addElements("side", timestamped(2, 1))
        .addElements("main", timestamped("second", 1))
        .advanceWatermarkToInfinity("side")
        .addElements("main", timestamped("third", 2))
        .advanceWatermarkToInfinity("main");
      const total = p
        .read(both.source("side"))
        .windowInto(globalWindow(), {
          trigger: afterWatermark({ early: afterCount(1) }),
          accumulation: "accumulating",
        })
        .combineGlobally(sum(), { withoutDefaults: true })
        .asSingleton();
      const main = p.read(both.source("main"));
      assertThat(beside(main, total, (text, side) => `${text} ${side}`)).containsInAnyOrder([
        "first 1",
        "second 3",
        "third 3",
      ]);
    },
  },
  {
    name: "a triggered list holds all panes so far",
    build(p) {
      const both = testStreams<{ side: number; main: string }>()
        .addElements("side", timestamped(1, 0))
        .addElements("main", timestamped("first", 0))
        .addElements("side", timestamped(2, 1))
        .addElements("main", timestamped("second", 1))
        .advanceWatermarkToInfinity("side")
        .advanceWatermarkToInfinity("main");
      const all = p
        .read(both.source("side"))
        .windowInto(globalWindow(), {
          trigger: repeatedly(afterCount(1)),
          accumulation: "accumulating",
        })
        .asList();
      const main = p.read(both.source("main"));
      assertThat(beside(main, all, (text, side) => `${text} ${sorted(side)}`)).containsInAnyOrder([
        "first 1",
        "second 1 2",
      ]);
    },
  },
  {
    name: "a side input's window is the earliest that holds the end of the main window",
    build(p) {
      const at = (element: { readonly at: number }): number => element.at;
      const side = p
        .create([{ at: 1 }, { at: 6 }, { at: 11 }, { at: 16 }], { timestamp: at })
        .windowInto(slidingWindows(10, { period: 5 }))
        .map((element) => element.at)
        .asList();
      const main = p.create([{ at: 2 }, { at: 7 }, { at: 12 }], { timestamp: at });
      const mapped = beside(
        main.windowInto(fixedWindows(5)),
        side,
        (element, times) => `${element.at}: ${sorted(times)}`,
      );
      // [0, 5) ends in [-5, 5) and [0, 10): the earlier one is seen.
      assertThat(mapped).containsInAnyOrder(["2: 1", "7: 1 6", "12: 11 6"]);
    },
  },
  {
    name: "testNonSingletonSideInput, testDiscardingNonSingletonSideInput, testEmptySingletonSideInput",
    deadLetters: 3,
    build(p) {
      const main = p.create(["main"]);
      const many = p.create([1, 2]);
      const shown = (element: string, side: number): string => `${element} ${side}`;
      const discarding = many.windowInto(globalWindow(), { accumulation: "discarding" });
      assertThat(beside(main.reshuffle(), many.asSingleton(), shown)).isEmpty();
      assertThat(beside(main.reshuffle(), discarding.asSingleton(), shown)).isEmpty();
      const none = many.filter(() => false);
      assertThat(beside(main.reshuffle(), none.asSingleton(), shown)).isEmpty();
    },
    check({ deadLetters }) {
      const words = deadLetters.map(({ error }) => error.message);
      const several = words.filter((text) => text.includes("more than one element"));
      const empty = words.filter((text) => text.includes("its window is empty"));
      if (several.length !== 2 || empty.length !== 1) throw new Error(words.join("\n"));
    },
  },
  {
    name: "testMapSideInputWithNullValuesCatchesDuplicates",
    deadLetters: 1,
    build(p) {
      const main = p.create(["a"]);
      const twice = p.create([kv("a", null), kv("a", null)]).asMap();
      assertThat(beside(main, twice, (key, side) => `${key} ${side.get(key)}`)).isEmpty();
      const once = p.create([kv("a", null), kv("b", null)]).asMap();
      const found = beside(p.create(["a"]), once, (key, side) => `${side.has(key)} ${side.size}`);
      assertThat(found).containsInAnyOrder(["true 2"]);
    },
    check({ deadLetters }) {
      const [letter] = deadLetters;
      if (!letter?.error.message.includes('two values for the key "a"')) {
        throw new Error(letter?.error.message);
      }
    },
  },
  {
    name: "Wait.on: elements go on when the signal's window has closed",
    build(p) {
      const both = testStreams<{ signal: string; main: string }>()
        .addElements("main", timestamped("m1", 1), timestamped("m11", 11))
        .addElements("signal", timestamped("s", 2))
        .advanceWatermarkTo("signal", 10)
        .addElements("main", timestamped("m2", 2));
      const read = (tag: "signal" | "main"): PCollection<string> =>
        p.read(both.source(tag)).windowInto(fixedWindows(10));
      const waited = read("main").waitOn(read("signal"));
      assertThat(waited).containsInAnyOrder(["m1", "m2"]);
    },
  },
  {
    name: "CombineWithContext: a fold that reads the side input of its window",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 1), timestamped(kv("a", 2), 2))
        .addElements(timestamped(kv("a", 3), 13))
        .advanceWatermarkToInfinity();
      const input = p.read(stream).windowInto(fixedWindows(10));
      const weight = input.values().combineGlobally(sum(), { withoutDefaults: true }).asSingleton();
      const weighted = input.apply(
        combinePerKeyWithContext(
          {
            createAccumulator: () => 0,
            addInput: (total: number, n: number, context) =>
              total + n * context.sideInput("weight"),
            extractOutput: (total: number) => total,
          },
          { sideInputs: { weight } },
        ),
      );
      assertThat(weighted).containsInAnyOrder([kv("a", 9), kv("a", 9)]);
    },
  },
];
