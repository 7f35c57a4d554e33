/**
 * ParDo: life cycle, outputs and side inputs.
 */

import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  type DoFn,
  fixedWindows,
  type KV,
  kv,
  type None,
  outputTag,
  type ProcessContext,
  sum,
} from "../../../sdk/index.ts";
import type { ModelCase } from "./model-case.ts";

const twice: DoFn<number, number> = {
  async process(n, context) {
    await Promise.resolve();
    context.output(n);
    context.output(n * 10);
  },
};

/** Counts bundles and elements, and tells at the end of each bundle. */
function lifeCycle(): DoFn<number, string> {
  let isSetUp = false;
  let started = 0;
  return {
    setup() {
      isSetUp = true;
    },
    startBundle() {
      started++;
    },
    process(n, context) {
      context.output(`${n} ${isSetUp} ${started > 0}`);
    },
  };
}

const split: DoFn<number, number, { main: number; odd: string }> = {
  process(n, context) {
    if (n % 2 === 0) context.output(n);
    else context.outputTo("odd", `odd ${n}`);
  },
};

const priced: DoFn<
  KV<string, number>,
  string,
  None,
  { readonly rates: ReadonlyMap<string, number>; readonly total: number }
> = {
  process({ key, value }, context) {
    const rate = context.sideInput("rates").get(key) ?? 0;
    context.output(`${key} ${value * rate} of ${context.sideInput("total")}`);
  },
};

/** Each main element with the elements of its window's side input. */
const beside: DoFn<string, string, None, { readonly side: readonly string[] }> = {
  process(main, context) {
    context.output(`${main}: ${context.sideInput("side").toSorted().join(" ")}`);
  },
};

export const parDoCases: readonly ModelCase[] = [
  {
    name: "an asynchronous ParDo emits any number of elements",
    build: (p) => void assertThat(p.create([1, 2]).parDo(twice)).containsInAnyOrder([1, 2, 10, 20]),
  },
  {
    name: "a ParDo is set up and its bundle started before its elements",
    build: (p) =>
      void assertThat(p.create([1, 2]).parDo(lifeCycle())).containsInAnyOrder([
        "1 true true",
        "2 true true",
      ]),
  },
  {
    name: "additional outputs are PCollections of their own",
    build(p) {
      const outputs = { main: outputTag<number>(), odd: outputTag<string>() };
      const { main, odd } = p.create([1, 2, 3]).parDo(split, { outputs });
      assertThat(main).containsInAnyOrder([2]);
      assertThat(odd).containsInAnyOrder(["odd 1", "odd 3"]);
    },
  },
  {
    name: "side inputs: a map and a singleton of a batch",
    build(p) {
      const prices = p.create([kv("a", 2), kv("b", 3)]);
      const sideInputs = {
        rates: p.create([kv("a", 10), kv("b", 100)]).asMap(),
        total: prices.values().combineGlobally(sum()).asSingleton(),
      };
      assertThat(prices.parDo(priced, { sideInputs })).containsInAnyOrder([
        "a 20 of 5",
        "b 300 of 5",
      ]);
    },
  },
  {
    name: "side inputs: an element waits for its window, of a stream",
    build(p) {
      const side = p
        .read(
          testStream<string>()
            .advanceProcessingTime(1)
            .addElements(timestamped("s1", 1))
            .advanceWatermarkTo(10)
            .advanceWatermarkToInfinity(),
        )
        .windowInto(fixedWindows(10))
        .asList();
      const main = p
        .read(
          testStream<string>()
            .addElements(timestamped("m2", 2), timestamped("m12", 12))
            .advanceWatermarkTo(20)
            .advanceWatermarkToInfinity(),
        )
        .windowInto(fixedWindows(10));
      assertThat(main.parDo(beside, { sideInputs: { side } })).containsInAnyOrder([
        "m2: s1",
        "m12: ",
      ]);
    },
  },
  {
    name: "an element whose DoFn throws is set aside, and the others go on",
    deadLetters: 1,
    build(p) {
      const picky: DoFn<number, number> = {
        process(n: number, context: ProcessContext<number>) {
          if (n === 2) throw new Error("no twos");
          context.output(n);
        },
      };
      assertThat(p.create([1, 2, 3]).parDo(picky)).containsInAnyOrder([1, 3]);
    },
  },
];
