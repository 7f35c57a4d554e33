/**
 * Runs in memory: what a run takes, what it gives back, and when it throws (RP1).
 */
import { describe, expect, test } from "vitest";
import { message, runPipeline } from "../../../emulators/testing/index.ts";
import {
  count,
  files,
  firestore,
  fixedWindows,
  kv,
  type Pipeline,
  pipeline,
  pubsub,
  watermarks,
} from "../../../sdk/index.ts";
import { MeshError } from "../../../sdk/model/errors.ts";
import { codeOf } from "../../support/builders.ts";

interface Order {
  readonly shop: string;
  readonly at: number;
}

const orders: Pipeline = pipeline("orders", (p) => {
  const counts = p
    .read(pubsub.topic<Order>("orders", { timestamp: ({ at }) => at }))
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy(({ shop }) => shop)
    .combinePerKey(count());
  counts.write(firestore.collection("counts", { id: ({ key }) => key }));
  counts.write(pubsub.topic("done"));
  counts.write(files.ndjson("out/counts"));
});

const input = {
  orders: [
    { shop: "a", at: 0 },
    { shop: "b", at: 5 },
    { shop: "a", at: 59_999 },
  ],
};

describe("a run", () => {
  test("gives documents, messages, files, state and status", async () => {
    const run = await runPipeline(orders, { input, shards: 1 });
    expect(run.state).toBe("DONE");
    expect([...run.documents("counts").values()]).toEqual([kv("a", 2), kv("b", 1)]);
    expect(run.documents("no such collection").size).toBe(0);
    expect(run.messages("done")).toEqual([kv("a", 2), kv("b", 1)]);
    expect([...run.files]).toEqual([
      ["out/counts-00000-of-00001.ndjson", '{"key":"a","value":2}\n{"key":"b","value":1}\n'],
    ]);
    expect(run.status.stages.map(({ elementsIn }) => elementsIn)).toEqual([3, 3]);
    expect(run.deadLetters).toEqual([]);
  });

  test("is the same for the same seed, shards and bundles", async () => {
    const once = await runPipeline(orders, { input, shards: 3, bundleElementsMax: 1, seed: 5 });
    const again = await runPipeline(orders, { input, shards: 3, bundleElementsMax: 1, seed: 5 });
    expect(again.messages("done")).toEqual(once.messages("done"));
    expect(again.status).toEqual(once.status);
  });

  test("of a builder needs no name", async () => {
    const { messages } = await runPipeline((p) => p.create([1]).write(pubsub.topic("out")));
    expect(messages("out")).toEqual([1]);
  });

  test("cuts bundles at bundleElementsMax", async () => {
    let bundles = 0;
    const build = (): Pipeline =>
      pipeline("bundles", (p) =>
        p
          .create([1, 2, 3, 4])
          .reshuffle()
          .parDo({ startBundle: () => void bundles++, process() {} }),
      );
    await runPipeline(build(), { shards: 1, engine: { chunkElementsMax: 2 } });
    const chunks = bundles;
    await runPipeline(build(), { shards: 1, bundleElementsMax: 1 });
    expect(chunks).toBeGreaterThan(1);
    expect(bundles - chunks).toBeGreaterThanOrEqual(1);
  });

  test("takes bytes and messages with attributes as input", async () => {
    const seen: unknown[] = [];
    const raw = pipeline("raw", (p) =>
      p
        .read(
          pubsub.topic("in", {
            decode: ({ data, attributes }) => [new TextDecoder().decode(data), attributes["who"]],
          }),
        )
        .parDo({ process: (value) => void seen.push(value) }),
    );
    const bytes = new TextEncoder().encode("bytes");
    await runPipeline(raw, { input: { in: [bytes, message({ n: 1 }, { who: "ann" })] } });
    expect(seen).toEqual([
      ["bytes", undefined],
      ['{"n":1}', "ann"],
    ]);
  });

  test("in portions lets the source's watermark come on between them", async () => {
    const patient = pipeline("patient", (p) =>
      p
        .read(
          pubsub.topic<Order>("orders", {
            timestamp: ({ at }) => at,
            watermark: watermarks.boundedOutOfOrderness(0),
          }),
        )
        .windowInto(fixedWindows(1_000))
        .keyBy(({ shop }) => shop)
        .combinePerKey(count())
        .write(pubsub.topic("out")),
    );
    const late = [
      { shop: "a", at: 0 },
      { shop: "b", at: 5_000 },
      { shop: "a", at: 1 },
    ];
    const together = await runPipeline(patient, { input: { orders: late } });
    expect(together.messages("out")).toContainEqual(kv("a", 2));
    const apart = await runPipeline(patient, {
      input: { orders: late },
      portion: 1,
      pause: { seconds: 5 },
    });
    expect(apart.messages("out")).not.toContainEqual(kv("a", 2));
    expect(apart.status.stages.map(({ droppedLate }) => droppedLate)).toEqual([0, 1]);
  });

  test("begins at startMs", async () => {
    const times: number[] = [];
    const recorded = pipeline("recorded", (p) =>
      p.read(pubsub.topic<number>("in")).parDo({
        process: (_, { timestamp }) => void times.push(timestamp),
      }),
    );
    await runPipeline(recorded, { input: { in: [1] }, startMs: 42_000 });
    expect(times).toEqual([42_000]);
  });
});

describe("a run throws", () => {
  test("ERR_OPTION for input that the pipeline does not read, naming what it reads", async () => {
    const run = runPipeline(orders, { input: { order: [] } });
    await expect(run).rejects.toThrow(/does not read the topic "order"; it reads "orders"/);
    expect(await codeOf(() => run)).toBe("ERR_OPTION");
  });

  const poisoned = pipeline("poisoned", (p) =>
    p
      .create([1, 2, 3])
      .map(
        (n) => {
          if (n === 2) throw new Error("unlucky");
          return n;
        },
        { name: "check" },
      )
      .write(pubsub.topic("out")),
  );

  test("ERR_ASSERTION for dead letters, with their errors", async () => {
    const run = runPipeline(poisoned);
    await expect(run).rejects.toThrow(/1 elements became dead letters.*\n +ERR_USER_CODE: check/);
    expect(await codeOf(() => run)).toBe("ERR_ASSERTION");
  });

  test("nothing where dead letters are allowed, and gives them back", async () => {
    const { deadLetters, messages } = await runPipeline(poisoned, { allowDeadLetters: true });
    expect(messages<number>("out").toSorted()).toEqual([1, 3]);
    expect(deadLetters).toMatchObject([{ element: 2, error: { code: "ERR_USER_CODE" } }]);
  });

  test("what only the author can mend", async () => {
    const missing = (): unknown =>
      runPipeline((p) => p.read(files.text("no/such/file")).write(pubsub.topic("out")));
    expect(await codeOf(missing)).toBe("ERR_SOURCE_MISSING");
  });

  test("what refuses every delivery, and does not go on for ever", async () => {
    const broken = (): unknown =>
      runPipeline((p) =>
        p.create([1]).parDo({
          setup() {
            throw new MeshError("ERR_UNAVAILABLE", "no database");
          },
          process() {},
        }),
      );
    await expect(broken).rejects.toThrow(/no database/);
  });

  test("and tears DoFns down all the same", async () => {
    let tornDown = 0;
    const run = (): unknown =>
      runPipeline((p) =>
        p.create([1]).parDo({
          process() {
            throw new Error("always");
          },
          teardown: () => void tornDown++,
        }),
      );
    expect(await codeOf(run)).toBe("ERR_ASSERTION");
    expect(tornDown).toBe(1);
  });
});
