/**
 * Stateful DoFns as the author writes them: what is refused, and what a plan says of one.
 */
import { describe, expect, test } from "vitest";
import type { StatefulDoFn, StateSpecs, TimerSpecs } from "../../../../sdk/index.ts";
import {
  compile,
  count,
  eventTimer,
  explainPlan,
  type KV,
  type Pipeline,
  pipeline,
  processingTimer,
  pubsub,
  sessions,
  setState,
  statefulDoFn,
  valueState,
  type WindowFnSpec,
} from "../../../../sdk/index.ts";
import { combiningState } from "../../../../sdk/state/state-specs.ts";
import { meshErrorOf } from "../errors.ts";

type Fn = StatefulDoFn<KV<string, number>, string>;

function withNames(state: StateSpecs, timers: TimerSpecs, onTimer: object = {}): Fn {
  const definition = { state, timers, onTimer, process() {} };
  return statefulDoFn<KV<string, number>, string>()(definition as never);
}

function built(fn: Fn, windowFn?: WindowFnSpec): Pipeline {
  return pipeline("stateful", (p) => {
    const keyed = p
      .read(pubsub.topic<number>("numbers"))
      .keyBy((n) => String(n), { name: "Keyed" });
    const windowed = windowFn === undefined ? keyed : keyed.windowInto(windowFn);
    windowed.parDo(fn, { name: "Dedupe" }).write(pubsub.topic("out"));
  });
}

const dedupe = (state: StateSpecs = { seen: valueState<boolean>() }): Fn =>
  withNames(state, { forget: processingTimer() }, { forget() {} });

describe("what is refused", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "a timer without a handler",
      () => withNames({}, { a: eventTimer(), b: eventTimer() }, { a() {} }),
      /statefulDoFn at .*stateful-do-fn\.test\.ts:\d+:\d+: the timer "b" has no handler/,
    ],
    [
      "a handler without a timer",
      () => withNames({}, { a: eventTimer() }, { a() {}, b() {} }),
      /onTimer has a handler "b", but no timer of that name/,
    ],
    [
      "a name that can't be one",
      () => withNames({ "a b": valueState() }, {}),
      /"a b" can't be the name of a state or timer/,
    ],
  ])("%s", (_, make, words) => {
    const error = meshErrorOf(make);
    expect(error.code).toBe("ERR_PIPELINE");
    expect(error.message).toMatch(words);
  });

  test("a skew that is no duration, and a fold that is none", () => {
    const skew = { process() {}, allowedTimestampSkew: -1 };
    expect(meshErrorOf(() => statefulDoFn<KV<string, number>, string>()(skew)).code).toBe(
      "ERR_DURATION",
    );
    expect(meshErrorOf(() => combiningState({} as never)).code).toBe("ERR_OPTION");
  });

  test("windows that still merge, by the name of the transform", () => {
    const error = meshErrorOf(() => compile(built(dedupe(), sessions({ minutes: 5 }))));
    expect(error.code).toBe("ERR_UNSUPPORTED");
    expect(error.message).toMatch(/^"Dedupe" at .* has state, but its input's windows still merge/);
  });
});

test("windows that a grouping has merged are fine", () => {
  const merged = pipeline("merged", (p) => {
    p.read(pubsub.topic<number>("numbers"))
      .windowInto(sessions({ minutes: 5 }))
      .keyBy((n) => String(n))
      .combinePerKey(count())
      .parDo(dedupe())
      .write(pubsub.topic("out"));
  });
  expect(compile(merged).stages).toHaveLength(3);
});

describe("the plan", () => {
  test("an unbounded input in the global window is fine, and the DoFn begins a stage", () => {
    const plan = compile(built(dedupe()));
    expect(plan.stages.map(({ kind }) => kind)).toEqual(["ingest", "shuffle"]);
    expect(plan.stages[1]?.shuffle?.kind).toBe("statefulParDo");
    expect(plan.edges).toMatchObject([{ lift: "none" }]);
  });

  test("it is explained with what the DoFn keeps", () => {
    const fn = statefulDoFn<KV<string, number>, string>()({
      state: { seen: valueState<boolean>(), total: combiningState(count()) },
      timers: { forget: processingTimer() },
      requiresTimeSortedInput: true,
      process() {},
      onTimer: { forget() {} },
    });
    const pipe = built(fn);
    const text = explainPlan(compile(pipe), pipe.graph);
    expect(text).toContain("why       State and timers belong to a key");
    expect(text).toContain(
      "keeps     for each key and window: seen (value), total (combining), timer forget (processing time), elements until they can be sorted by time",
    );
  });

  test("a pipeline that writes nowhere may have a DoFn with state: it may send things out itself", () => {
    const silent = pipeline("silent", (p) => {
      p.create([1])
        .keyBy((n) => String(n))
        .parDo(dedupe());
    });
    expect(compile(silent).stages).toHaveLength(2);
  });

  test("its fingerprint changes with the kinds and names of what is kept, and not with the code", () => {
    const of = (fn: Fn): string | undefined => compile(built(fn)).stages.at(-1)?.fingerprint;
    const first = of(dedupe());
    expect(of(dedupe())).toBe(first);
    expect(of(dedupe({ seen: setState() }))).not.toBe(first);
    expect(of(dedupe({ known: valueState() }))).not.toBe(first);
    expect(of(withNames({ seen: valueState() }, {}))).not.toBe(first);
    const coder = { name: "own", encode: () => null, decode: () => true };
    expect(of(dedupe({ seen: valueState({ coder }) }))).not.toBe(first);
  });
});
