import { expect, test } from "vitest";
import {
  compile,
  count,
  type EdgePlan,
  files,
  fixedWindows,
  flatten,
  type MeshPlan,
  pipeline,
  pubsub,
  type Root,
  sum,
} from "../../../../sdk/index.ts";
import { meshErrorOf } from "../errors.ts";
import { flights } from "./flights.ts";

function planOf(build: (p: Root) => void, shards?: number): MeshPlan {
  return compile(pipeline("test", build), shards === undefined ? {} : { shards });
}

function edgeWords(plan: MeshPlan): string[] {
  const kindOf = (id: string): string =>
    plan.stages.find((stage) => stage.id === id)?.shuffle?.kind ??
    plan.stages.find((stage) => stage.id === id)?.kind ??
    "";
  return plan.edges.map((e: EdgePlan) => `${kindOf(e.from)} ${e.lift} ${kindOf(e.to)}`);
}

// The golden plan: ids, topics and hashes here live across deploys and must not change by chance.
test("the flights compile to an ingest stage and a shuffle stage that writes", () => {
  expect(compile(flights)).toMatchInlineSnapshot(`
    {
      "deadLetterTopic": "tm-flights-dead-letters",
      "edges": [
        {
          "from": "read-pubsub-flights-e12b93",
          "lift": "element",
          "producer": "windowInto~d2270a99114b",
          "side": undefined,
          "to": "combine-per-key-6ea92c",
        },
      ],
      "hash": "794340cabfb87b96",
      "pipeline": "flights",
      "stages": [
        {
          "connectors": [
            "pubsub",
          ],
          "fingerprint": "dff1eafa07173010",
          "id": "read-pubsub-flights-e12b93",
          "ingest": {
            "replay": "tm-flights-read-pubsub-flights-e12b93-replay",
            "subscription": "tm-flights-read-pubsub-flights-e12b93",
            "topic": "flights",
            "watermark": {
              "idleAfterMs": undefined,
              "kind": "trailing",
              "sampleMs": 60000,
            },
          },
          "kind": "ingest",
          "mailbox": undefined,
          "name": "read pubsub flights",
          "nodes": [
            "read pubsub flights~92debbef6425",
            "keyBy~d607d8a19cc5",
            "windowInto~d2270a99114b",
          ],
          "read": undefined,
          "root": "read pubsub flights~92debbef6425",
          "shards": 0,
          "shuffle": undefined,
          "signature": {
            "topic": "flights",
            "type": "pubsub",
          },
          "why": "Messages come in from outside, pushed by Pub/Sub.",
        },
        {
          "connectors": [
            "firestore",
          ],
          "fingerprint": "477eae2a11e66e9d",
          "id": "combine-per-key-6ea92c",
          "ingest": undefined,
          "kind": "shuffle",
          "mailbox": "tm-flights-combine-per-key-6ea92c",
          "name": "combinePerKey",
          "nodes": [
            "combinePerKey~d28d6420294b",
            "write firestore airport-hours~b85f29f92bf5",
          ],
          "read": undefined,
          "root": "combinePerKey~d28d6420294b",
          "shards": 4,
          "shuffle": {
            "kind": "combinePerKey",
            "windowing": {
              "accumulation": "discarding",
              "allowedLatenessMs": 600000,
              "closing": "fireIfNonEmpty",
              "merging": "none",
              "onTime": "fireAlways",
              "timestampCombiner": "endOfWindow",
              "trigger": {
                "kind": "default",
              },
              "windowFn": {
                "kind": "fixed",
                "offsetMs": 0,
                "sizeMs": 3600000,
              },
            },
          },
          "signature": {
            "accumulator": "[any, any]",
            "combine": "{ delay: mean, flights: count }",
            "key": "key",
            "kind": "combinePerKey",
            "windowing": [
              {
                "accumulation": "discarding",
                "allowedLatenessMs": 600000,
                "closing": "fireIfNonEmpty",
                "merging": "none",
                "onTime": "fireAlways",
                "timestampCombiner": "endOfWindow",
                "trigger": {
                  "kind": "default",
                },
                "windowFn": {
                  "kind": "fixed",
                  "offsetMs": 0,
                  "sizeMs": 3600000,
                },
              },
            ],
          },
          "why": "Elements with equal keys must meet: combinePerKey moves what is folded so far to the shard of its key.",
        },
      ],
      "version": 1,
    }
  `);
});

test("the hash covers what an author may change without a word of it in the stages", () => {
  const hash = (lateness: number, shards: number, name: string): string =>
    compile(
      pipeline(name, (p) => {
        p.read(pubsub.topic<number>("n"))
          .keyBy((x) => x)
          .windowInto(fixedWindows(10), { allowedLateness: lateness })
          .combinePerKey(sum())
          .write(pubsub.topic("out"));
      }),
      { shards },
    ).hash;
  const hashes = [hash(0, 4, "a"), hash(1, 4, "a"), hash(0, 5, "a"), hash(0, 4, "b")];
  expect(new Set(hashes).size).toBe(4);
});

test("a fingerprint changes with the combine and the windows, not with a map or the shards", () => {
  const fingerprint = (
    fn: ReturnType<typeof count>,
    size: number,
    shards: number,
    f: (x: number) => number = (x) => x,
  ): string | undefined =>
    planOf((p) => {
      p.create([1])
        .map(f)
        .keyBy((x) => x)
        .windowInto(fixedWindows(size))
        .combinePerKey(fn, { name: "C" })
        .write(files.text("o"));
    }, shards).stages.at(-1)?.fingerprint;
  const first = fingerprint(count(), 10, 4);
  expect(fingerprint(count(), 10, 4, (x) => x + 1)).toBe(first);
  expect(fingerprint({ ...count(), name: "other" }, 10, 4)).not.toBe(first);
  expect(fingerprint(count(), 20, 4)).not.toBe(first);
  expect(fingerprint(count(), 10, 8)).toBe(first);
});

test("a combine is lifted for whole bundles, but element by element out of an ingest stage", () => {
  const plan = planOf((p) => {
    const messages = p.read(pubsub.topic<number>("n")).windowInto(fixedWindows(10));
    const both = flatten(messages, p.create([1]).windowInto(fixedWindows(10)));
    both
      .keyBy((x) => x)
      .combinePerKey(sum())
      .keyBy(() => 1)
      .combinePerKey(count())
      .groupByKey()
      .write(files.ndjson("o"));
  });
  expect(edgeWords(plan)).toEqual([
    "read bundle combinePerKey",
    "ingest element combinePerKey",
    "combinePerKey bundle combinePerKey",
    "combinePerKey none groupByKey",
  ]);
});

test("what stands behind a flatten runs in every stage that feeds it", () => {
  const plan = planOf((p) => {
    flatten(p.create([1]), p.create([2], { name: "More" }))
      .map((x) => x, { name: "Both" })
      .write(files.text("o"), { name: "Out" });
  });
  expect(plan.stages).toHaveLength(2);
  for (const stage of plan.stages) {
    expect(stage.nodes[0]).toBe(stage.root);
    expect(stage.nodes.slice(-2)).toEqual(["Both", "Out"]);
    expect(stage.connectors).toEqual(["create", "file"]);
  }
});

test("a source that nobody reads on makes no stage", () => {
  const plan = planOf((p) => {
    p.read(pubsub.topic("unused"));
    p.create([1]).write(files.text("o"));
  });
  expect(plan.stages.map(({ kind }) => kind)).toEqual(["read"]);
});

test("files behind messages are written by the shards of a reshuffle", () => {
  const plan = planOf((p) => p.read(pubsub.topic("n")).write(files.ndjson("o")));
  expect(plan.stages.map((stage) => [stage.kind, stage.connectors])).toEqual([
    ["ingest", ["pubsub"]],
    ["shuffle", ["file"]],
  ]);
  expect(edgeWords(plan)).toEqual(["ingest none reshuffle"]);
});

test("a subscription that exists already is used as it is", () => {
  const plan = planOf((p) => {
    p.read(pubsub.subscription("theirs")).write(pubsub.topic("o"));
  });
  expect(plan.stages[0]?.ingest).toMatchObject({ topic: undefined, subscription: "theirs" });
});

test("a stage id is at most 40 of [a-z0-9-] and begins with a letter", () => {
  const plan = planOf((p) => {
    p.create([1])
      .reshuffle({ name: "9 Überlange Namen, die niemand je so schreiben würde, oder doch" })
      .reshuffle({ name: "…" })
      .write(files.text("o"));
  });
  for (const { id } of plan.stages) expect(id).toMatch(/^[a-z][a-z0-9-]{0,39}$/);
});

test.each([0, -1, 1.5, 1_025, Number.NaN])("%d shards are refused", (shards) => {
  const error = meshErrorOf(() => compile(flights, { shards }));
  expect(error.code).toBe("ERR_OPTION");
});
