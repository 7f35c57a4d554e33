/**
 * TestStream: what a script says happens in its order, in every stage.
 */
import {
  assertThat,
  testStream,
  testStreams,
  timestamped,
} from "../../../emulators/testing/index.ts";
import {
  afterCount,
  count,
  fixedWindows,
  flatten,
  globalWindow,
  kv,
  type Root,
  statefulDoFn,
  type TriggerSpec,
  valueState,
} from "../../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import type { ModelCase } from "./model-case.ts";

/** Numbers what comes under a key. */
const numbering = statefulDoFn<{ key: string; value: string }, string>()({
  state: { n: valueState<number>() },
  process({ value }, { state, output }) {
    const n = (state.n.read() ?? 0) + 1;
    state.n.write(n);
    output(`${n} ${value}`);
  },
});

/** The elements of a stream of its own that ends at once, behind a trigger that counts. */
function ended(p: Root, elements: readonly number[], trigger: TriggerSpec) {
  return p
    .read(testStream<number>().addElements(elements).advanceWatermarkToInfinity())
    .windowInto(globalWindow(), { trigger, accumulation: "accumulating" });
}

export const testingCases: readonly ModelCase[] = [
  {
    name: "testMultiStage: what a step causes in a later stage comes before the next step",
    build(p) {
      const input = p.read(
        testStream<string>()
          .addElements("before")
          .advanceWatermarkTo(0)
          .addElements(timestamped("after", 10_000))
          .advanceWatermarkToInfinity(),
      );
      const grouped = input
        .windowInto(fixedWindows({ seconds: 1 }))
        .keyBy((word) => word)
        .groupByKey()
        .keys()
        .map((word) => word.toUpperCase())
        .windowInto(globalWindow());
      const seen = flatten(input, grouped)
        .map((word) => kv("all", word))
        .parDo(numbering);
      assertThat(seen).containsInAnyOrder(["1 before", "2 BEFORE", "3 after", "4 AFTER"]);
    },
  },
  {
    name: "testMultipleStreams",
    build(p) {
      assertThat(ended(p, [1, 2], afterCount(2))).containsInAnyOrder([1, 2]);
      const four = ended(p, [1, 2, 3, 4], afterCount(4));
      assertThat(four).containsInAnyOrder([1, 2, 3, 4]);
      assertThat(four.keyBy(() => "all").combinePerKey(count())).containsInAnyOrder([kv("all", 4)]);
    },
  },
  {
    name: "a grouping of several streams waits for the slowest watermark",
    build(p) {
      const both = testStreams<{ fast: string; slow: string }>()
        .addElements("fast", timestamped("f", 0), timestamped("f", 15))
        .advanceWatermarkToInfinity("fast")
        .addElements("slow", timestamped("s", 1))
        .advanceWatermarkTo("slow", 10);
      const inTens = fixedWindows(10);
      const groups = flatten(
        p.read(both.source("fast")).windowInto(inTens),
        p.read(both.source("slow")).windowInto(inTens),
      )
        .keyBy(() => "all")
        .combinePerKey(count());
      assertThat(groups).containsInAnyOrder([kv("all", 2)]);
    },
  },
  {
    name: "testElementsAtAlmostPositiveInfinity, and an assertion about nothing",
    build(p) {
      const last = GLOBAL_WINDOW.end - 1;
      const words = p
        .read(
          testStream<string>()
            .addElements(timestamped("foo", last), timestamped("bar", last))
            .advanceWatermarkToInfinity(),
        )
        .windowInto(fixedWindows({ hours: 6 }))
        .keyBy(() => 1)
        .groupByKey()
        .flatMap(({ value }) => value);
      assertThat(words).containsInAnyOrder(["foo", "bar"]);
      assertThat(words.filter(() => false)).isEmpty();
    },
  },
];
