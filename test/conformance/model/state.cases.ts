/**
 * State: what a DoFn keeps for each key and window, and the order in which its elements come.
 */
import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  bagState,
  combiningState,
  fixedWindows,
  globalWindow,
  type KV,
  kv,
  mapState,
  mean,
  multimapState,
  orderedListState,
  setState,
  statefulDoFn,
  valueState,
} from "../../../sdk/index.ts";
import { droppedIn, type ModelCase } from "./model-case.ts";

/** Tells of each value what was there before: the last one, how many, their mean. */
const remembering = statefulDoFn<KV<string, number>, string>()({
  state: {
    last: valueState<number>(),
    all: bagState<number>(),
    mean: combiningState(mean()),
  },
  process({ key, value }, { state, output }) {
    state.all.add(value);
    state.mean.add(value);
    output(`${key} ${state.last.read() ?? "none"} ${state.all.read().length} ${state.mean.read()}`);
    state.last.write(value);
  },
});

/** A word of a key; "?" asks what is there, and "-" forgets it. */
const collecting = statefulDoFn<KV<string, string>, string>()({
  state: {
    counts: mapState<string, number>(),
    words: setState<string>(),
    places: multimapState<string, number>(),
    log: orderedListState<string>(),
  },
  process({ value: word }, { state, output, timestamp }) {
    const { counts, words, places, log } = state;
    if (word === "?") {
      const sorted = (texts: Iterable<string>): string => [...texts].toSorted().join(" ");
      output(sorted(counts.entries().map(([key, n]) => `${key}=${n}`)));
      output(sorted(words.read()));
      output(sorted(places.entries().map(([key, at]) => `${key}@${at.join("+")}`)));
      const texts = log.readRange(2, 100).map((each) => each.value);
      output(`from 2: ${texts.join(" ")}`);
    } else if (word === "-") {
      for (const each of [counts, words, places, log]) each.clear();
    } else {
      counts.put(word, (counts.get(word) ?? 0) + 1);
      words.add(word);
      places.put(word, timestamp);
      log.add(timestamp, word);
    }
  },
});

/** Emits what it gets, one after the other in the order of time. */
const sorting = statefulDoFn<KV<string, string>, string>()({
  requiresTimeSortedInput: true,
  state: { before: valueState<string>() },
  process({ value }, { state, output }) {
    output(`${state.before.read() ?? ""}→${value}`);
    state.before.write(value);
  },
});

/** For one number n: 0 to n - 1 under the same key, one after the other. */
const counting = statefulDoFn<KV<string, number>, KV<string, number>>()({
  process({ key, value }, { output }) {
    for (let i = 0; i < value; i++) output(kv(key, i));
  },
});

/** Emits where the numbers of a key go back. */
const inOrder = statefulDoFn<KV<string, number>, string>()({
  state: { next: valueState<number>() },
  process({ key, value }, { state, output }) {
    const next = state.next.read() ?? 0;
    if (value === 199 && next === 199) output(`${key} in order`);
    if (value !== next) output(`${key}: ${value} instead of ${next}`);
    state.next.write(value + 1);
  },
});

export const stateCases: readonly ModelCase[] = [
  {
    name: "value, bag and combining state: for each key and window, from bundle to bundle",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 0))
        .addElements(timestamped(kv("a", 3), 1), timestamped(kv("b", 5), 1))
        .addElements(timestamped(kv("a", 7), 12))
        .advanceWatermarkToInfinity();
      const told = p.read(stream).windowInto(fixedWindows(10)).parDo(remembering);
      assertThat(told).containsInAnyOrder([
        "a none 1 1",
        "a 1 2 2",
        "b none 1 5",
        "a none 1 7", // Another window.
      ]);
    },
  },
  {
    name: "map, set, multimap and ordered list state: read, written and cleared",
    build(p) {
      const word = (text: string, at: number) => timestamped(kv("k", text), at);
      const stream = testStream<KV<string, string>>()
        .addElements(word("y", 3))
        .addElements(word("x", 1), word("x", 2))
        .addElements(word("?", 4))
        .addElements(word("-", 4), word("z", 5), word("?", 5))
        .advanceWatermarkToInfinity();
      assertThat(p.read(stream).parDo(collecting)).containsInAnyOrder([
        ...["x=2 y=1", "x y", "x@1+2 y@3", "from 2: x y"],
        ...["z=1", "z", "z@5", "from 2: z"],
      ]);
    },
  },
  {
    name: "testRequiresTimeSortedInput: elements come in the order of time, whatever that of arrival",
    build(p) {
      const elements = [7, 2, 9, 0, 5].map((at) => timestamped(kv("k", `${at}`), at));
      const stream = testStream<KV<string, string>>()
        .addElements(elements.slice(0, 3))
        .addElements(elements.slice(3))
        .advanceWatermarkTo(6)
        .addElements(timestamped(kv("k", "6"), 6))
        .advanceWatermarkToInfinity();
      const sorted = p.read(stream).windowInto(globalWindow()).parDo(sorting);
      assertThat(sorted).containsInAnyOrder(["→0", "0→2", "2→5", "5→6", "6→7", "7→9"]);
    },
  },
  {
    name: "testRequiresTimeSortedInputWithLateDataAndAllowedLateness",
    build(p) {
      const at = (time: number) => timestamped(kv("k", `${time}`), time);
      const stream = testStream<KV<string, string>>()
        .addElements(at(30), at(10), at(20))
        .advanceWatermarkTo(25)
        .addElements(at(12), at(22)) // One is later than the lateness of 5, and one is not.
        .advanceWatermarkToInfinity();
      const sorted = p
        .read(stream)
        .windowInto(fixedWindows(100), { allowedLateness: 5 })
        .parDo(sorting);
      assertThat(sorted).containsInAnyOrder(["→10", "10→20", "20→22", "22→30"]);
    },
    check(outcome) {
      const { late } = droppedIn(outcome);
      if (late !== 1) throw new Error(`${late} elements were dropped as late, not 1`);
    },
  },
  {
    name: "elements of a key keep their order from one stateful DoFn to the next",
    build(p) {
      const numbers = p
        .create([kv("a", 200), kv("b", 200), kv("c", 200)])
        .parDo(counting)
        .parDo(inOrder);
      assertThat(numbers).containsInAnyOrder(["a in order", "b in order", "c in order"]);
    },
  },
];
