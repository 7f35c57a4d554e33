/**
 * Triggers: when a window's panes come, and what each of them holds.
 */
import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  defaultTrigger,
  fixedWindows,
  globalWindow,
  kv,
  never,
  orFinally,
  type PCollection,
  repeatedly,
  sum,
  type TriggerSpec,
  type WindowOptions,
} from "../../../sdk/index.ts";
import { droppedIn, type ModelCase } from "./model-case.ts";

const ten = { start: 0, end: 10 };

/** The numbers of each pane, under one key, as text. */
function panes(input: PCollection<number>): PCollection<string> {
  return input
    .keyBy(() => "all")
    .groupByKey()
    .map(({ value }) => value.toSorted((a, b) => a - b).join(" "));
}

function inTens(input: PCollection<number>, options: WindowOptions): PCollection<string> {
  return panes(input.windowInto(fixedWindows(10), options));
}

/** Early, on time and late, each with elements of its own. */
const threeParts = testStream<number>()
  .addElements(timestamped(1, 1))
  .addElements(timestamped(2, 2))
  .advanceWatermarkTo(10)
  .addElements(timestamped(3, 3))
  .advanceWatermarkToInfinity();

/** One number at a time; after the second, processing time goes on. */
const oneByOne = testStream<number>()
  .addElements(timestamped(1, 0))
  .addElements(timestamped(2, 0))
  .advanceProcessingTime({ minutes: 61 })
  .addElements(timestamped(3, 0))
  .addElements(timestamped(4, 0))
  .advanceWatermarkToInfinity();

// Long, since on the services time passes between the steps as well.
const anHour = afterProcessingTime({ delay: { hours: 1 } });

const halfEarlyHalfLate = afterWatermark({
  early: afterCount(1),
  late: afterCount(1),
});

export const triggersCases: readonly ModelCase[] = [
  {
    name: "default trigger: at the end of the window, then for late elements until the lateness is over",
    build(p) {
      const stream = testStream<number>()
        .addElements(timestamped(1, 1), timestamped(2, 9))
        .advanceWatermarkTo(10)
        .addElements(timestamped(3, 3), timestamped(4, 4))
        .advanceWatermarkTo(15)
        .addElements(timestamped(5, 5))
        .advanceWatermarkToInfinity();
      const sums = inTens(p.read(stream), {
        trigger: defaultTrigger(),
        accumulation: "discarding",
        allowedLateness: 5,
      });
      assertThat(sums).inOnTimePane(ten).containsInAnyOrder(["1 2"]);
      assertThat(sums).inLatePane(ten).containsInAnyOrder(["3 4"]);
    },
    check(outcome) {
      const { late } = droppedIn(outcome);
      if (late !== 1) throw new Error(`${late} elements were dropped as late, not 1`);
    },
  },
  {
    name: "afterWatermark: early, on-time and late panes, discarding and accumulating",
    build(p) {
      const input = p.read(threeParts);
      const options = { trigger: halfEarlyHalfLate, allowedLateness: 100 };
      const discarding = inTens(input, { ...options, accumulation: "discarding" });
      assertThat(discarding)
        .inEarlyPanes(ten)
        .containsInAnyOrder(["1", "2"])
        .inOnTimePane(ten)
        .containsInAnyOrder([""])
        .inLatePane(ten)
        .containsInAnyOrder(["3"]);
      const accumulating = inTens(input, { ...options, accumulation: "accumulating" });
      assertThat(accumulating)
        .inEarlyPanes(ten)
        .containsInAnyOrder(["1", "1 2"])
        .inOnTimePane(ten)
        .containsInAnyOrder(["1 2"])
        .inLatePane(ten)
        .containsInAnyOrder(["1 2 3"]);
    },
  },
  {
    name: "afterCount: closes its window when it has fired; repeatedly, it begins again",
    build(p) {
      const input = p.read(oneByOne);
      const accumulation = "discarding";
      const once = input.windowInto(globalWindow(), { trigger: afterCount(2), accumulation });
      assertThat(panes(once)).containsInAnyOrder(["1 2"]);
      const again = input.windowInto(globalWindow(), {
        trigger: repeatedly(afterCount(3)),
        accumulation,
      });
      assertThat(panes(again)).inEarlyGlobalWindowPanes().containsInAnyOrder(["1 2 3"]);
      assertThat(panes(again)).containsInAnyOrder(["1 2 3", "4"]);
    },
    check(outcome) {
      const { closed } = droppedIn(outcome);
      if (closed !== 2) throw new Error(`${closed} elements came for a closed window, not 2`);
    },
  },
  {
    name: "testProcessingTimeTrigger",
    build(p) {
      const stream = testStream<number>()
        .addElements(timestamped(1, 1_000), timestamped(2, 2_000))
        .advanceProcessingTime({ minutes: 12 })
        .addElements(timestamped(3, 3_000))
        .advanceProcessingTime({ minutes: 6 })
        .advanceWatermarkToInfinity();
      const sums = p
        .read(stream)
        .windowInto(globalWindow(), {
          trigger: afterWatermark({ early: afterProcessingTime({ delay: { minutes: 5 } }) }),
          accumulation: "accumulating",
        })
        .keyBy(() => "all")
        .combinePerKey(sum())
        .values();
      assertThat(sums).inEarlyGlobalWindowPanes().containsInAnyOrder([3, 6]);
    },
  },
  {
    name: "composite triggers: afterAny, afterAll, afterEach and orFinally",
    build(p) {
      const input = p.read(oneByOne);
      const fired = (trigger: TriggerSpec): PCollection<string> =>
        panes(input.windowInto(globalWindow(), { trigger, accumulation: "discarding" }));
      const any = fired(repeatedly(afterAny(afterCount(3), anHour)));
      assertThat(any).containsInAnyOrder(["1 2", "3 4"]);
      const all = fired(repeatedly(afterAll(afterCount(3), anHour)));
      assertThat(all).containsInAnyOrder(["1 2 3", "4"]);
      const each = fired(afterEach(afterCount(1), repeatedly(afterCount(2))));
      assertThat(each).containsInAnyOrder(["1", "2 3", "4"]);
      const last = fired(orFinally(repeatedly(afterCount(1)), afterCount(3)));
      assertThat(last).containsInAnyOrder(["1", "2", "3"]);
    },
  },
  {
    name: "never: a window's elements come when it is forgotten, and none is lost",
    build(p) {
      const sums = inTens(p.read(threeParts), {
        trigger: never(),
        accumulation: "discarding",
        allowedLateness: 20,
      });
      assertThat(sums).inFinalPane(ten).containsInAnyOrder(["1 2 3"]);
      assertThat(sums).hasSize(1);
    },
  },
  {
    name: "testAfterProcessingTimeContinuationTriggerUsingState",
    build(p) {
      const stream = testStream<number>()
        .addElements(timestamped(33, 0), timestamped(9, 0))
        .advanceProcessingTime({ minutes: 61 })
        .advanceProcessingTime(1) // The second grouping waits for what else comes at that moment.
        .advanceWatermarkToInfinity();
      const sums = p
        .read(stream)
        .windowInto(globalWindow(), {
          trigger: afterWatermark({ early: anHour }),
          accumulation: "discarding",
        })
        .keyBy((n) => n)
        .combinePerKey(sum())
        .map(({ value }) => kv("all", value))
        .combinePerKey(sum())
        .values();
      assertThat(sums).inEarlyGlobalWindowPanes().containsInAnyOrder([42]);
    },
  },
];
