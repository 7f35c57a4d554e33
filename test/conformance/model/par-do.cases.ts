/**
 * ParDo: life cycle, outputs and side inputs.
 */
import { z } from "zod";
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
  toTimestamp,
  validate,
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

/** What was called, of the DoFn that fails once in each part of its life. */
let calls: string[] = [];

/** Fails the first time in each part of its life, and keeps a list of its calls. */
function failingOnce(): DoFn<number, number> {
  const failed = new Set<string>();
  const call = (name: string): void => {
    calls.push(name);
    const isFirst = !failed.has(name);
    failed.add(name);
    if (isFirst) throw new Error(`${name} fails once`);
  };
  return {
    setup: () => call("setup"),
    startBundle: () => call("startBundle"),
    process(n, context) {
      context.output(n);
      call("process");
    },
    finishBundle(context) {
      const window = { start: toTimestamp(0), end: toTimestamp(10) };
      context.output(-1, { timestamp: 0, window });
      call("finishBundle");
    },
    teardown: () => void calls.push("teardown"),
  };
}

/** Elements whose bundles were committed, as callbacks saw it. */
let finalized: number[] = [];

const finalizing: DoFn<number, number> = {
  process(n, { output, bundleFinalizer }) {
    bundleFinalizer.afterBundleCommit(() => void finalized.push(n));
    output(n);
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
  {
    name: "life cycle: what throws anywhere in it is run again whole, counts once, and is torn down",
    build(p) {
      calls = [];
      const all = p.create([1, 2, 3]).reshuffle().parDo(failingOnce());
      assertThat(all.filter((n) => n > 0)).containsInAnyOrder([1, 2, 3]);
      assertThat(all.filter((n) => n < 0)).satisfies((ends) => {
        if (ends.length === 0) throw new Error("nothing came out of finishBundle");
      });
    },
    check() {
      const times = (name: string): number => calls.filter((call) => call === name).length;
      if (calls[0] !== "setup" || calls.at(-1) !== "teardown") throw new Error(calls.join());
      if (times("setup") <= times("teardown")) throw new Error(calls.join());
      if (times("startBundle") <= times("finishBundle")) throw new Error(calls.join());
    },
  },
  {
    name: "bundle finalizer: called once the bundle's effects are durable",
    build(p) {
      finalized = [];
      assertThat(p.create([1, 2, 3]).parDo(finalizing)).containsInAnyOrder([1, 2, 3]);
    },
    check() {
      if (finalized.toSorted().join() !== "1,2,3") throw new Error(`finalized: ${finalized}`);
    },
  },
  {
    name: "a failure tells the transform, its place and the error; the stage counts it",
    deadLetters: 1,
    build(p) {
      const failing = p.create([1, 2, 3]).map(
        (n) => {
          if (n === 2) throw new RangeError("no twos");
          return n;
        },
        { name: "without twos" },
      );
      assertThat(failing).containsInAnyOrder([1, 3]);
    },
    check({ deadLetters, status }) {
      const [letter] = deadLetters;
      const message = letter?.error.message ?? "";
      for (const words of ["without twos", "par-do.cases.ts", "no twos"]) {
        if (!message.includes(words)) throw new Error(`"${words}" is not in: ${message}`);
      }
      if (letter?.element !== 2) throw new Error(`${letter?.element} is set aside`);
      const counted = status.stages.map((stage) => stage.deadLetters);
      if (counted.join() !== "1") throw new Error(`counted: ${counted}`);
    },
  },
  {
    name: "schemas: what matches passes in its type, and what does not is set aside",
    deadLetters: 1,
    build(p) {
      const order = z.object({ id: z.string(), cents: z.coerce.number() });
      const raw = p.create<unknown>([{ id: "a", cents: "5" }, { id: 7 }]);
      const cents = raw.apply(validate(order)).map((valid) => valid.cents + 1);
      assertThat(cents).containsInAnyOrder([6]);
    },
    check({ deadLetters }) {
      const [letter] = deadLetters;
      if (letter?.error.code !== "ERR_SCHEMA") throw new Error(letter?.error.message);
    },
  },
  {
    name: "system metrics: each stage counts its elements, those in and those out",
    build(p) {
      const sums = p
        .create([1, 2, 3, 4])
        .filter((n) => n > 1)
        .reshuffle({ name: "between" })
        .filter((n) => n > 2);
      assertThat(sums).containsInAnyOrder([3, 4]);
    },
    check({ status }) {
      const counts = status.stages.map(({ elementsIn, elementsOut }) => [elementsIn, elementsOut]);
      const text = JSON.stringify(counts);
      if (text !== "[[4,3],[3,2]]") throw new Error(text);
      if (status.state !== "DONE") throw new Error(status.state);
    },
  },
];
