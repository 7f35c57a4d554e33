import { expect, test } from "vitest";
import {
  compile,
  explainPlan,
  files,
  fixedWindows,
  pipeline,
  pubsub,
  watermarks,
} from "../../../../sdk/index.ts";
import { flights } from "./flights.ts";

test("a plan is explained stage by stage, with why it is cut there", () => {
  expect(explainPlan(compile(flights), flights.graph)).toMatchInlineSnapshot(`
    "Pipeline flights: 2 functions, plan b2836840da16a625

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
