/**
 * Sources: Impulse, reads that can be split and go on over many calls, and inputs without an end.
 */
import { assertThat } from "../../../emulators/testing/index.ts";
import {
  count,
  type DoFn,
  fixedWindows,
  generateSequence,
  MIN_TIMESTAMP,
  type None,
  type OffsetRange,
  OffsetRangeTracker,
  ProcessContinuation,
  reifyWindows,
  type SplittableDoFn,
  splitOffsetRange,
  splittable,
  sum,
  watermarkEstimators,
} from "../../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import type { ModelCase } from "./model-case.ts";

/** The whole numbers below each element. */
const numbersBelow: SplittableDoFn<number, number, OffsetRange, number> = {
  name: "numbers below",
  bounded: true,
  initialRestriction: (limit) => ({ from: 0, to: limit }),
  split: (range, wanted) => splitOffsetRange(range, wanted),
  newTracker: (range) => new OffsetRangeTracker(range),
  process(_, tracker, out) {
    for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) out.output(n);
    return undefined;
  },
};

/** Three numbers a call, a second apart in event time; `to` numbers in all. */
function threeByThree(to: number, keepsOnDrain: (range: OffsetRange) => OffsetRange | undefined) {
  return splittable<number>({
    name: "three by three",
    bounded: false,
    watermark: watermarkEstimators.manual(),
    initialRestriction: () => ({ from: 0, to }),
    newTracker: (range) => new OffsetRangeTracker(range),
    truncate: keepsOnDrain,
    process(tracker, out) {
      const { from } = tracker.currentRestriction();
      for (let n = from; n < from + 3; n++) {
        if (!tracker.tryClaim(n)) return undefined;
        out.output(n, { timestamp: n * 1_000 });
        out.setWatermark(n * 1_000);
      }
      return ProcessContinuation.resume({ delay: 1 });
    },
  });
}

/** Emits what its window's side input holds. */
const withSide: DoFn<number, number, None, { readonly limits: readonly number[] }> = {
  process(_, context) {
    for (const limit of context.sideInput("limits")) context.output(limit);
  },
};

export const sourcesCases: readonly ModelCase[] = [
  {
    name: "Impulse: one element at −∞ in the global window",
    build(p) {
      const impulse = p.create([new Uint8Array()]).apply(reifyWindows<Uint8Array>());
      assertThat(impulse).satisfies(([only, ...rest]) => {
        const { value, timestamp, window } = only ?? {};
        const isIt = value?.length === 0 && timestamp === MIN_TIMESTAMP && rest.length === 0;
        if (!isIt || window?.end !== GLOBAL_WINDOW.end) throw new Error(JSON.stringify(only));
      });
    },
  },
  {
    name: "bounded splittable reads: as a source and of each element, all parts and no more",
    build(p) {
      const sequence = p.read(generateSequence({ from: 0, to: 5_000 }));
      assertThat(sequence.combineGlobally({ n: count(), sum: sum() })).containsInAnyOrder([
        { n: 5_000, sum: 12_497_500 },
      ]);
      const below = p
        .create([3, 0, 20], { timestamp: (n) => n })
        .windowInto(fixedWindows(10))
        .readEach(numbersBelow)
        .combineGlobally(sum(), { withoutDefaults: true });
      assertThat(below).inOnlyPane({ start: 0, end: 10 }).containsInAnyOrder([3]);
      assertThat(below).inOnlyPane({ start: 20, end: 30 }).containsInAnyOrder([190]);
    },
  },
  {
    name: "unbounded splittable reads: go on where they stopped, and say how far event time has come",
    build(p) {
      const numbers = p.read(threeByThree(10, (range) => range));
      const counts = numbers
        .windowInto(fixedWindows({ seconds: 5 }))
        .combineGlobally({ n: count(), sum: sum() }, { withoutDefaults: true });
      assertThat(counts)
        .inOnlyPane({ start: 0, end: 5_000 })
        .containsInAnyOrder([{ n: 5, sum: 10 }]);
      assertThat(counts)
        .inOnlyPane({ start: 5_000, end: 10_000 })
        .containsInAnyOrder([{ n: 5, sum: 35 }]);
    },
  },
  {
    name: "a drain truncates unbounded reads",
    build(p) {
      const drained = p.read(threeByThree(1_000_000, ({ from }) => ({ from, to: from + 1 })));
      assertThat(drained).satisfies((numbers) => {
        const last = Math.max(-1, ...numbers);
        if (numbers.length !== last + 1) throw new Error(`${numbers.length} numbers to ${last}`);
        if (numbers.length % 3 !== 1) throw new Error(`${numbers.length} numbers, not one more`);
      });
    },
  },
  {
    name: "splittable reads of elements that a ParDo made of windowed side inputs",
    build(p) {
      const timestamp = (n: number): number => n;
      const limits = p.create([2, 4, 13], { timestamp }).windowInto(fixedWindows(10)).asList();
      const read = p
        .create([5, 15], { timestamp })
        .windowInto(fixedWindows(10))
        .parDo(withSide, { sideInputs: { limits } })
        .readEach(numbersBelow)
        .combineGlobally(count(), { withoutDefaults: true });
      assertThat(read).inOnlyPane({ start: 0, end: 10 }).containsInAnyOrder([6]);
      assertThat(read).inOnlyPane({ start: 10, end: 20 }).containsInAnyOrder([13]);
    },
  },
  {
    name: "unbounded PCollections: a rate of numbers, in windows of event time, to the end of the read",
    build(p) {
      const rated = generateSequence({
        rate: { elements: 100, per: { seconds: 1 } },
        timestamp: (n) => n,
        to: 20,
      });
      const sums = p
        .read(rated)
        .windowInto(fixedWindows(10))
        .combineGlobally(sum(), { withoutDefaults: true });
      assertThat(sums).inOnlyPane({ start: 0, end: 10 }).containsInAnyOrder([45]);
      assertThat(sums).inOnlyPane({ start: 10, end: 20 }).containsInAnyOrder([145]);
    },
  },
];
