/**
 * The types of `tidemark/testing`, checked by tsc. Nothing here runs.
 */
import type { MetricResult } from "../../functions/index.ts";
import { type KV, metrics, type PCollection, type Pipeline, pipeline } from "../../sdk/index.ts";
import {
  assertThat,
  assertThatMap,
  assertThatMultimap,
  assertThatSingleton,
  testStream,
  testStreams,
  timestamped,
} from "../../sdk/testing/index.ts";
import { expectElements, expectType } from "./expect.ts";

interface Order {
  readonly id: number;
}

export const types: Pipeline = pipeline("types", (p) => {
  const words = testStream<string>().addElements("a", timestamped("b", 1)).addElements(["c"]);
  expectElements<string>()(p.read(words));
  expectElements<string>()(p.read(words.advanceProcessingTime({ seconds: 1 })));
  // @ts-expect-error: not a string
  words.addElements(1);
  // @ts-expect-error: not a timestamped string
  words.addElements(timestamped(1, 0));

  const both = testStreams<{ orders: Order; words: string }>()
    .addElements("orders", { id: 1 }, timestamped({ id: 2 }, 5))
    .advanceWatermarkTo("words", 5)
    .advanceProcessingTime(5);
  expectElements<Order>()(p.read(both.source("orders")));
  expectElements<string>()(p.read(both.source("words")));
  // @ts-expect-error: of the other stream
  both.addElements("orders", "a");
  // @ts-expect-error: no such stream
  both.source("payments");

  const pairs: PCollection<KV<string, number>> = p.create([{ key: "a", value: 1 }]);
  assertThat(pairs)
    .inWindow({ start: 0, end: new Date(5) })
    .containsInAnyOrder([{ key: "a", value: 1 }]);
  assertThat(pairs).satisfies((all, elements) => {
    expectType<readonly KV<string, number>[]>()(all);
    expectType<KV<string, number> | undefined>()(elements[0]?.value);
  });
  // @ts-expect-error: a value of another type
  assertThat(pairs).containsInAnyOrder([{ key: "a", value: "1" }]);
  assertThatSingleton(pairs)
    .inOnlyPane({ start: 0, end: 1 })
    .satisfies(({ key }) => key.length);
  // @ts-expect-error: a value of another type
  assertThatSingleton(pairs).isEqualTo(5);

  assertThatMap(pairs).isEqualTo({ a: 1 });
  assertThatMap(pairs).isEqualTo(new Map([["a", 1]]));
  assertThatMap(pairs).satisfies((map) => expectType<ReadonlyMap<string, number>>()(map));
  // @ts-expect-error: a value of another type
  assertThatMap(pairs).isEqualTo({ a: "1" });
  const byNumber: PCollection<KV<number, string>> = p.create([{ key: 1, value: "a" }]);
  assertThatMap(byNumber).isEqualTo(new Map([[1, "a"]]));
  // @ts-expect-error: the fields of an object are texts, and these keys are numbers
  assertThatMap(byNumber).isEqualTo({ 1: "a" });
  // @ts-expect-error: no key-value pairs
  assertThatMap(p.create([1]));
  assertThatMultimap(pairs)
    .inFinalPane({ start: 0, end: 1 })
    .isEqualTo({ a: [1, 2] });
  assertThatMultimap(pairs).isEqualTo(new Map([["a", new Set([1])]]));
  // @ts-expect-error: one value is not several
  assertThatMultimap(pairs).isEqualTo({ a: 1 });
});

export const counted = (all: readonly MetricResult[]): void => {
  metrics.counter("orders", "dropped").add();
  metrics.counter("dropped").add(-3);
  metrics.distribution("orders", "items").update(3);
  metrics.stringSet("orders", "shops").add("a", "b");
  // @ts-expect-error: three names
  metrics.counter("a", "b", "c");
  // @ts-expect-error: a text is no number
  metrics.gauge("orders", "open").set("3");
  for (const metric of all) {
    if (metric.kind === "counter") expectType<number | undefined>()(metric.committed);
    if (metric.kind === "stringSet") expectType<readonly string[]>()(metric.attempted);
    if (metric.kind === "distribution") expectType<number>()(metric.attempted.max);
    if (metric.kind === "gauge") expectType<number | undefined>()(metric.committed?.atMs);
  }
};
