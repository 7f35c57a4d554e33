/**
 * Bad input: what a user can get wrong while a pipeline runs. Each time one clear error that names
 * the transform, the rest goes on, and nothing is lost: every element came out or is a dead letter.
 */
import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  type DoFn,
  eventTimer,
  fixedWindows,
  type KV,
  kv,
  type None,
  statefulDoFn,
} from "../../../sdk/index.ts";
import type { CaseOutcome, ModelCase } from "./model-case.ts";

/** Checks that all dead letters have this code, and that each error's words match. */
function letters(code: string, words: RegExp): (outcome: CaseOutcome) => void {
  return ({ deadLetters }) => {
    for (const { error } of deadLetters) {
      if (error.code === code && words.test(error.message)) continue;
      throw new Error(`${code} ${words} was expected, not ${error.code}: ${error.message}`);
    }
  };
}

const throwing: DoFn<number, number> = {
  process(n, context) {
    if (n === 2) throw new Error("no twos here");
    context.output(n);
  },
};

const early: DoFn<number, number> = {
  process(n, context) {
    context.output(n, { timestamp: n === 2 ? context.timestamp - 1 : context.timestamp });
  },
};

/** A timer beyond the life of its window could never fire. */
const beyond = statefulDoFn<KV<string, number>, number>()({
  timers: { late: eventTimer() },
  process({ value }, { timers, window, output }) {
    if (value === 2) timers.late.set(window.end + 5);
    output(value);
  },
  onTimer: { late: () => {} },
});

/** A timer for a time that has passed fires at once, as in Beam. */
const past = statefulDoFn<KV<string, number>, string>()({
  timers: { past: eventTimer() },
  process({ value }, { timers, window }) {
    timers.past.set(window.start, { outputTimestamp: window.end - 1 });
    if (value === 1) timers.past.clear();
  },
  onTimer: { past: ({ key, output }) => output(`${key} fired`) },
});

const reads: DoFn<number, number, None, { readonly side: readonly string[] }> = {
  process: (n, context) => context.output(n + context.sideInput("side").length),
};

export const badInputCases: readonly ModelCase[] = [
  {
    name: "bad input: a DoFn that throws names itself, and the others go on",
    deadLetters: 1,
    build: (p) =>
      void assertThat(p.create([1, 2, 3]).parDo(throwing, { name: "Picky" })).containsInAnyOrder([
        1, 3,
      ]),
    check: letters("ERR_USER_CODE", /^Picky .*no twos here$/),
  },
  {
    name: "bad input: a value that no coder takes",
    deadLetters: 1,
    build(p) {
      const values = p.create([1, 2, 3]).map((n) => kv("k", n === 2 ? () => n : n));
      const grouped = values.groupByKey({ name: "Group" });
      assertThat(grouped.flatMap(({ value }) => value)).containsInAnyOrder([1, 3]);
    },
    check: letters("ERR_ENCODE", /^Group /),
  },
  {
    name: "bad input: a key that can't be one",
    deadLetters: 1,
    build(p) {
      const keyed = p.create([1, 2, 3]).map((n) => kv(n === 2 ? Symbol("two") : n, n));
      const grouped = keyed.groupByKey({ name: "Group" });
      assertThat(grouped.flatMap(({ value }) => value)).containsInAnyOrder([1, 3]);
    },
    check: letters("ERR_KEY", /^Group /),
  },
  {
    name: "bad input: an output before its element's timestamp",
    deadLetters: 1,
    build: (p) =>
      void assertThat(
        p.create([1, 2, 3], { timestamp: () => 10 }).parDo(early, { name: "Early" }),
      ).containsInAnyOrder([1, 3]),
    check: letters("ERR_TIMESTAMP", /^Early .*lies before its input/),
  },
  {
    name: "bad input: a timer beyond the life of its window",
    deadLetters: 1,
    build(p) {
      const keyed = p.create([1, 2, 3], { timestamp: () => 1 }).map((n) => kv("k", n));
      const windowed = keyed.windowInto(fixedWindows(10));
      assertThat(windowed.parDo(beyond, { name: "Beyond" })).containsInAnyOrder([1, 3]);
    },
    check: letters("ERR_TIMESTAMP", /^Beyond /),
  },
  {
    name: "a timer in the past fires at once",
    build(p) {
      const input = p.read(
        testStream<number>()
          .advanceWatermarkTo(5)
          .addElements(timestamped(1, 6), timestamped(2, 7))
          .advanceWatermarkToInfinity(),
      );
      const keyed = input.map((n) => kv(`k${n}`, n)).windowInto(fixedWindows(10));
      assertThat(keyed.parDo(past)).containsInAnyOrder(["k2 fired"]);
    },
  },
  {
    name: "bad input: a side input larger than a document",
    // The two elements that read it, and its own content, which comes in several bundles.
    deadLetters: 6,
    build(p) {
      const large = p.create(Array.from({ length: 10 }, (_, i) => `${i}${"x".repeat(100_000)}`));
      const sideInputs = { side: large.asList() };
      const joined = p.create([1, 2]).parDo(reads, { name: "Join", sideInputs });
      assertThat(joined).isEmpty();
    },
    check: letters("ERR_ELEMENT_TOO_BIG", /Join .*"side" takes \d+ bytes/),
  },
];
