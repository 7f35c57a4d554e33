import { expect, test } from "vitest";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  calendarWindows,
  compile,
  customWindows,
  type DoFn,
  explainPlan,
  files,
  fixedWindows,
  globalWindow,
  type None,
  never,
  orFinally,
  pipeline,
  pubsub,
  repeatedly,
  sessions,
  slidingWindows,
  type WindowFnSpec,
  type WindowOptions,
  watermarks,
} from "../../../../sdk/index.ts";
import { flights } from "./flights.ts";

test("a plan is explained stage by stage, with why it is cut there", () => {
  expect(explainPlan(compile(flights), flights.graph)).toMatchInlineSnapshot(`
    "Pipeline flights: 2 functions, plan 794340cabfb87b96

    1. read-pubsub-flights-e12b93 (ingest)
       why       Messages come in from outside, pushed by Pub/Sub.
       runs      read pubsub flights → keyBy → windowInto
       takes     subscription tm-flights-read-pubsub-flights-e12b93 of topic flights
       watermark smallest event time of the last 1 min; holds while no message comes
       sends to  combine-per-key-6ea92c, element by element: each keeps its message's id until the shard has dropped duplicates, so a bundle can't be folded first

    2. combine-per-key-6ea92c (shuffle)
       why       Elements with equal keys must meet: combinePerKey moves what is folded so far to the shard of its key.
       runs      combinePerKey → write firestore airport-hours
       mailbox   tm-flights-combine-per-key-6ea92c, 4 shards
       windows   fixed windows of 1 h; late elements are taken for 10 min, each later pane holding only what is new

    Dead letters go to tm-flights-dead-letters."
  `);
});

test("what differs from the defaults is named", () => {
  const watermark = watermarks.boundedOutOfOrderness({ seconds: 90 }, { idle: { minutes: 5 } });
  const odd = pipeline("odd", (p) => {
    p.read(pubsub.topic<number>("n", { watermark }))
      .windowInto(fixedWindows({ days: 1 }, { offset: { hours: 5 } }), {
        accumulation: "accumulating",
        allowedLateness: 1,
        timestampCombiner: "earliest",
        onTime: "fireIfNonEmpty",
        closing: "fireAlways",
      })
      .keyBy((x) => x)
      .groupByKey()
      .write(files.ndjson("o"));
  });
  const text = explainPlan(compile(odd, { shards: 1 }), odd.graph);
  expect(text).toContain("largest event time less 1 min 30 s; follows the clock after 5 min");
  expect(text).toContain("fixed windows of 1 d, offset 5 h; late elements are taken for 1 ms");
  expect(text).toContain("holding all so far; panes get the earliest timestamp");
  expect(text).toContain("no empty pane at the end; a last pane always, at closing");
  expect(text).toContain(", 1 shard\n");
});

test.each<[string, WindowFnSpec, WindowOptions, words: string]>([
  ["sessions", sessions({ minutes: 30 }), {}, "sessions that end after 30 min of silence; late"],
  [
    "sliding windows",
    slidingWindows({ hours: 1 }, { period: { minutes: 5 } }),
    {},
    "sliding windows of 1 h, one each 5 min; late elements are dropped",
  ],
  [
    "calendar windows",
    calendarWindows.weeks(1, { timeZone: "Asia/Kolkata" }),
    {},
    "windows of 7 days in Asia/Kolkata, one beginning on 1970-01-05; late",
  ],
  [
    "custom windows",
    customWindows({ name: "shifts", assign: () => [], merge: () => [] }),
    {},
    'custom windows "shifts", which merge; late',
  ],
  [
    "a trigger",
    globalWindow(),
    {
      trigger: orFinally(
        repeatedly(afterAny(afterCount(100), afterProcessingTime({ delay: { minutes: 1 } }))),
        afterWatermark(),
      ),
      accumulation: "discarding",
    },
    "one global window; fires again and again (after 100 elements or after 1 min of processing time), until it fires for the last time at the end of the window, and then never again, each later pane holding only what is new; late elements are dropped",
  ],
  [
    "early and late firings",
    fixedWindows(10),
    {
      trigger: afterWatermark({
        early: afterAll(afterCount(1), never()),
        late: afterEach(
          afterProcessingTime({ alignTo: { period: 1_000, offset: 5 } }),
          afterCount(2),
        ),
      }),
      accumulation: "accumulating",
      allowedLateness: 1_000,
    },
    "fixed windows of 10 ms; fires at the end of the window, before it (for each bundle and when the window is forgotten), after it (after the next multiple of 1 s, offset 5 ms of processing time, then after 2 elements), each later pane holding all so far; late elements are taken for 1 s",
  ],
])("%s are told in words", (_, windowFn, options, words) => {
  const built = pipeline("told", (p) => {
    p.create([1])
      .windowInto(windowFn, options)
      .keyBy((x) => x)
      .groupByKey()
      .write(files.ndjson("o"));
  });
  expect(explainPlan(compile(built), built.graph)).toContain(`windows   ${words}`);
});

test("a side input goes to all shards of the stage that reads it", () => {
  const built = pipeline("told", (p) => {
    const rate = p.create([2]).asSingleton();
    const times: DoFn<number, number, None, { readonly rate: number }> = {
      process: (n, { output, sideInput }) => output(n * sideInput("rate")),
    };
    p.create([1]).parDo(times, { sideInputs: { rate }, name: "Times" }).write(files.ndjson("o"));
  });
  expect(explainPlan(compile(built), built.graph)).toMatch(
    /sends to {2}side-inputs-of-times-\w+, all shards of it, as the side input "rate"/,
  );
});
