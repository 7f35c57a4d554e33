/**
 * Metrics of user code in a running pipeline: which transform counts, also over an await (CM2, CM3).
 */
import { describe, expect, test } from "vitest";
import { runPipeline, testStream, timestamped } from "../../../../emulators/testing/index.ts";
import {
  type CombineFn,
  eventTimer,
  firestore,
  fixedWindows,
  type KV,
  kv,
  metrics,
  OffsetRangeTracker,
  ProcessContinuation,
  pubsub,
  type ReadContext,
  splittable,
  statefulDoFn,
} from "../../../../sdk/index.ts";
import { metricsHook } from "../../../../sdk/metrics/hook.ts";
import { calls, counting, seen, table } from "../../../support/counting.ts";

describe("a call counts for the transform whose code makes it", () => {
  test("map, flatMap (also as a generator), filter, keyBy, and what stands behind them", async () => {
    const run = await runPipeline((p) =>
      seen(p)
        .map(counting, { name: "map" })
        .flatMap(
          function* (n) {
            calls.add();
            yield n;
            calls.add(10); // After the transforms behind have run.
            yield n;
          },
          { name: "flatMap" },
        )
        .flatMap((n) => counting([n]), { name: "flatMap of an array" })
        .filter((n) => counting(n) > 0, { name: "filter" })
        .keyBy(counting, { name: "keyBy" })
        .parDo({ process() {} }),
    );
    expect(table(run)).toEqual({
      map: 10,
      flatMap: 110,
      "flatMap of an array": 20,
      filter: 20,
      keyBy: 20,
    });
  });

  test("sinks, and the sources' own functions", async () => {
    const run = await runPipeline(
      (p) => {
        p.create([1, 2], { timestamp: counting, name: "create" }).write(
          firestore.collection("c", { id: (n) => String(counting(n)), fields: (n) => ({ n }) }),
          { name: "documents" },
        );
        p.read(pubsub.topic<number>("in", { timestamp: counting }), { name: "read" }).write(
          pubsub.topic("out", { encode: (n) => `${counting(n)}` }),
          { name: "messages" },
        );
      },
      { input: { in: [1, 2, 3] } },
    );
    expect(table(run)).toEqual({ create: 2, documents: 2, read: 3, messages: 3 });
  });

  test("all of a DoFn's life, and what it calls between two outputs", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p, 4)
          .reshuffle()
          .parDo<number>(
            {
              setup: () => calls.add(1_000_000),
              startBundle: () => calls.add(10_000),
              process(n, context) {
                calls.add(1);
                context.output(n);
                calls.add(100);
              },
              finishBundle(context) {
                context.output(0, { timestamp: 0, window: { start: 0, end: 1 } as never });
                calls.add(1_000);
              },
            },
            { name: "outer" },
          )
          .parDo<number>(
            { process: (n, context) => context.output(counting(n)) },
            { name: "inner" },
          )
          .map(counting, { name: "map" })
          .parDo({ process() {} }),
      { shards: 1 },
    );
    expect(table(run)).toEqual({ outer: 1_011_404, inner: 5, map: 5 });
  });

  test("a CombineFn, lifted before the shuffle and merged behind it", async () => {
    const noted = <T>(name: string, value: T): T => {
      metrics.counter("combine", name).add();
      return value;
    };
    const total: CombineFn<number, number, number> = {
      name: "total",
      createAccumulator: () => 0,
      addInput: (a, n) => noted("add", a + n),
      mergeAccumulators: (a, b) => noted("merge", a + b),
      extractOutput: (a) => noted("extract", a),
    };
    const run = await runPipeline(
      (p) =>
        seen(p)
          .keyBy(() => 1, { name: "keyBy" })
          .combinePerKey(total, { name: "total" })
          .write(pubsub.topic("out")),
      { shards: 2, engine: { chunkElementsMax: 5 } },
    );
    expect(run.messages("out")).toEqual([kv(1, 55)]);
    expect(run.metrics.query({ step: "total", namespace: "combine" })).toHaveLength(3);
    const of = (name: string): unknown => run.metrics.query({ name })[0]?.committed;
    expect({ add: of("add"), extract: of("extract") }).toEqual({ add: 10, extract: 1 });
    expect(of("merge")).toBeGreaterThanOrEqual(1);
  });

  test("a stateful DoFn: elements, timers and expiries, also where they are asynchronous", async () => {
    const stateful = statefulDoFn<KV<number, number>, number>()({
      state: {},
      timers: { end: eventTimer() },
      async process({ value }, { timers, output }) {
        calls.add(1);
        await Promise.resolve();
        output(value);
        calls.add(100);
        timers.end.set(50);
      },
      onTimer: { end: () => calls.add(10_000) },
      onWindowExpiration: () => calls.add(1_000_000),
    });
    const run = await runPipeline((p) =>
      p
        .read(
          testStream<number>()
            .addElements([1, 2, 3].map((n) => timestamped(n, n)))
            .advanceWatermarkToInfinity(),
        )
        .windowInto(fixedWindows(100))
        .keyBy((n) => n % 2)
        .parDo(stateful, { name: "stateful" })
        .map(counting, { name: "map" })
        .parDo({ process() {} }),
    );
    expect(table(run)).toEqual({ stateful: 3 * 101 + 2 * 1_010_000, map: 3 });
  });

  test("a splittable read; what a failed call counted is of a try that failed", async () => {
    let failures = 0;
    const source = splittable({
      name: "ten",
      bounded: true,
      initialRestriction: () => ({ from: 0, to: 10 }),
      newTracker: (range) => new OffsetRangeTracker(range),
      process(tracker, out: ReadContext<number>) {
        for (let i = 0; tracker.tryClaim(i); i++) {
          calls.add();
          if (i === 9 && failures++ === 0) throw new Error("not yet");
          out.output(i);
        }
        return ProcessContinuation.stop();
      },
    });
    const run = await runPipeline((p) =>
      p
        .read(source, { name: "read" })
        .map(counting, { name: "map" })
        .parDo({ process() {} }),
    );
    expect(table(run)).toEqual({ read: "10 of 20", map: 10 });
  });

  test("distribution, gauge and string set", async () => {
    const sizes = metrics.distribution("test", "sizes");
    const latest = metrics.gauge("test", "latest");
    const parity = metrics.stringSet("test", "parity");
    const run = await runPipeline(
      (p) =>
        p
          .read(testStream<number>().addElements(3, 1).advanceProcessingTime(50).addElements(2))
          .map(
            (n) => {
              sizes.update(n);
              latest.set(n);
              parity.add(n % 2 === 0 ? "even" : "odd");
              return n;
            },
            { name: "map" },
          )
          .parDo({ process() {} }),
      { startMs: 1_000 },
    );
    const of = (name: string): unknown => run.metrics.query({ name, step: "map" })[0]?.committed;
    expect(of("sizes")).toEqual({ sum: 6, count: 3, min: 1, max: 3 });
    expect(of("latest")).toEqual({ value: 2, atMs: 1_050 });
    expect(of("parity")).toEqual(["even", "odd"]);
  });
});

describe("asynchronous code keeps its step over every await (CM3)", () => {
  const pause = (n: number): Promise<void> => new Promise((go) => setTimeout(go, (n * 7) % 5));

  test("beside other elements and other DoFns, in several shards at once", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p, 60)
          .reshuffle()
          .parDo<number>(
            {
              async process(n, context) {
                calls.add(1);
                await pause(n);
                calls.add(100);
                context.output(n);
                calls.add(10_000);
                await pause(n + 1);
                calls.add(1_000_000);
              },
            },
            { name: "slow" },
          )
          .map(counting, { name: "map" })
          .parDo<number>(
            {
              async process(n, context) {
                await pause(n);
                context.output(counting(n));
              },
            },
            { name: "slower" },
          )
          .parDo({ process: (n) => void counting(n) }, { name: "end" }),
      { shards: 7, bundleElementsMax: 3 },
    );
    expect(table(run)).toEqual({ slow: 60 * 1_010_101, map: 60, slower: 60, end: 60 });
  });

  test("also where a plain function returns a promise, now and then", async () => {
    const run = await runPipeline((p) =>
      seen(p, 9).parDo(
        { process: (n) => (n % 2 === 0 ? undefined : pause(n).then(() => calls.add())) },
        { name: "mixed" },
      ),
    );
    expect(table(run)).toEqual({ mixed: 5 });
  });

  test("also in an asynchronous startBundle and finishBundle", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p, 1)
          .reshuffle()
          .parDo(
            {
              startBundle: () => pause(3).then(() => calls.add(1)),
              process() {},
              finishBundle: () => pause(3).then(() => calls.add(10)),
            },
            { name: "bundle" },
          ),
      { shards: 1 },
    );
    expect(table(run)).toEqual({ bundle: 11 });
  });
});

test("when a run has ended nobody counts: a call of a stray callback is lost, and harmless", async () => {
  const late = Promise.withResolvers<void>();
  const run = await runPipeline((p) =>
    seen(p, 1).parDo({
      process: (n) => void setTimeout(() => late.resolve(void calls.add(n)), 30),
    }),
  );
  await late.promise;
  expect(run.metrics.query()).toEqual([]);
  expect(metricsHook.current).toBeUndefined();
});
