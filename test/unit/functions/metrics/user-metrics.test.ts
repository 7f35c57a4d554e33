/**
 * Metrics of user code in a running pipeline: which transform counts, and that what is committed
 * counts once however often it is tried (CM1 to CM3).
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh, type MemoryMeshOptions } from "../../../../emulators/memory/memory-mesh.ts";
import {
  type RunResult,
  runPipeline,
  testStream,
  timestamped,
} from "../../../../emulators/testing/index.ts";
import type { MetricFilter, MetricResult } from "../../../../functions/metrics/results.ts";
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
  pipeline,
  pubsub,
  type ReadContext,
  type Root,
  splittable,
  statefulDoFn,
  sum,
} from "../../../../sdk/index.ts";
import { metricsHook } from "../../../../sdk/metrics/hook.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";

const calls = metrics.counter("test", "calls");
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const counting = <T>(value: T): T => {
  calls.add();
  return value;
};

/** `step: committed` of each metric; `of attempted` where that is more. */
function table(run: RunResult, filter: MetricFilter = {}): Record<string, unknown> {
  return Object.fromEntries(run.metrics.query(filter).map((m) => [m.step, shown(m)]));
}

function shown({ committed, attempted }: MetricResult): unknown {
  return committed === attempted ? committed : `${committed ?? 0} of ${attempted}`;
}

const seen = (p: Root, count = 10) => p.create(numbers(count), { name: "numbers" });

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

describe("what is committed counts once (CM1)", () => {
  test("a bundle that fails and is run again: its tries are in attempted alone", async () => {
    let failures = 0;
    const run = await runPipeline(
      (p) =>
        seen(p)
          .reshuffle()
          .map(counting, { name: "before" })
          .map((n) => {
            if (n === 10 && failures++ < 2) throw new Error("not yet");
            return n;
          })
          .map(counting, { name: "behind" })
          .parDo({ process() {} }),
      { shards: 1 },
    );
    const [before, behind] = ["before", "behind"].map((step) => run.metrics.query({ step })[0]);
    expect([before?.committed, before?.attempted]).toEqual([10, 30]);
    expect(behind?.committed).toBe(10);
    expect(behind?.attempted).toBeGreaterThan(10);
  });

  test("an element that becomes a dead letter, and the runs that found it: of tries that failed", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p)
          .reshuffle()
          .map(
            (n) => {
              calls.add();
              if (n === 4) throw new Error("never");
              return n;
            },
            { name: "check" },
          )
          .parDo({ process() {} }),
      { shards: 1, allowDeadLetters: true },
    );
    expect(run.deadLetters).toHaveLength(1);
    const [check] = run.metrics.query({ step: "check" });
    expect(check?.committed).toBe(9);
    expect(check?.attempted).toBeGreaterThan(20);
  });

  test("a metric that only failed tries counted is committed in none", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p, 1)
          .map(
            (n) => {
              calls.add();
              throw new Error(`never ${n}`);
            },
            { name: "never" },
          )
          .write(pubsub.topic("out")),
      { allowDeadLetters: true },
    );
    const [never] = run.metrics.query({ step: "never" });
    expect(never?.committed).toBeUndefined();
    expect(never?.attempted).toBeGreaterThanOrEqual(3);
  });

  const counted = pipeline("counted", (p) =>
    p
      .create(numbers(20))
      .reshuffle()
      .map(counting, { name: "map" })
      .keyBy((n) => n % 3)
      .combinePerKey(sum())
      .map(counting, { name: "panes" })
      .write(pubsub.topic("out")),
  );

  async function runCounted(
    options: MemoryMeshOptions,
    prepare: (mesh: MemoryMesh) => void = () => {},
  ) {
    const mesh = new MemoryMesh(counted, { shards: 2, ...options });
    prepare(mesh);
    await mesh.launch();
    await mesh.run();
    const { metrics: all, state } = await mesh.status();
    await mesh.stop();
    expect(state).toBe("DONE");
    const committed = Object.fromEntries(all.map((m) => [m.step, m.committed]));
    const attempted = Object.fromEntries(all.map((m) => [m.step, m.attempted]));
    return { committed, attempted };
  }

  test("a delivery that comes twice, before or after its commit", async () => {
    let deliveries = 0;
    const { committed, attempted } = await runCounted({
      wrapDeliver: (deliver) => async (message) => {
        deliveries++;
        await deliver(message);
        await deliver(message);
      },
    });
    expect(deliveries).toBeGreaterThan(5);
    expect(committed).toEqual({ map: 20, panes: 3 });
    expect(attempted).toEqual({ map: 20, panes: 3 });
  });

  test("a race that another instance won: its commit counts, and the lost one does not", async () => {
    let lost = 0;
    const { committed, attempted } = await runCounted({}, ({ store }) => {
      const commitHead = store.commitHead.bind(store);
      store.commitHead = async (commit) => {
        if (lost++ > 0) return commitHead(commit);
        const body = commit.head.body.replace(/"token":"\w+"/, '"token":"another"');
        await commitHead({ ...commit, head: { ...commit.head, body } });
        throw new MeshError("ERR_STORE_CONTENTION", "lost the race");
      };
    });
    expect(lost).toBeGreaterThan(2);
    expect(committed).toEqual({ map: 20, panes: 3 });
    expect(Number(attempted["map"])).toBeGreaterThanOrEqual(20);
  });

  test("in an ingest stage: groups that were confirmed count, one that was not comes again", async () => {
    const words = pipeline("words", (p) =>
      p
        .read(pubsub.topic<string>("words"))
        .map(counting, { name: "map" })
        .windowInto(fixedWindows(1_000))
        .keyBy((word) => word)
        .groupByKey()
        .write(pubsub.topic("out")),
    );
    const mesh = new MemoryMesh(words, { shards: 1 });
    const publish = mesh.mailboxes.publish.bind(mesh.mailboxes);
    let failures = 0;
    mesh.mailboxes.publish = async (messages) => {
      const isIngest = messages.some(({ topic }) => topic.includes("group-by-key"));
      // Published, and yet told to have failed: the bundle arrives, and its messages come again.
      await publish(messages);
      if (isIngest && failures++ === 0) throw new MeshError("ERR_UNAVAILABLE", "no answer");
    };
    await mesh.launch();
    await mesh.publish("words", [{ data: '"a"' }]);
    await mesh.run(mesh.clock.nowMs() + 200_000);
    const status = await mesh.status();
    await mesh.stop();
    expect(failures).toBe(2);
    expect(status.stages[0]?.elementsIn).toBe(1);
    expect(status.stages[1]?.duplicates).toBe(1);
    expect(status.metrics).toMatchObject([{ step: "map", committed: 1, attempted: 2 }]);
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

test("metrics of an update go on in the state of the shard, over instances", async () => {
  const stream = pipeline("stream", (p) =>
    p
      .read(pubsub.topic<number>("in"))
      .reshuffle()
      .map(counting, { name: "map" })
      .parDo({ process() {} }),
  );
  const mesh = new MemoryMesh(stream, { shards: 1 });
  await mesh.launch();
  for (const n of [1, 2, 3]) {
    await mesh.publish("in", [{ data: String(n) }]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    for (const { id } of mesh.plan.stages) mesh.restart(id);
  }
  expect((await mesh.status()).metrics).toMatchObject([
    { step: "map", committed: 3, attempted: 3 },
  ]);
  await mesh.stop();
});
