/**
 * readEach on the memory mesh: each element is a read of its own.
 */
import { expect, test } from "vitest";
import { MemoryMesh, type MemoryMeshOptions } from "../../../../emulators/memory/memory-mesh.ts";
import {
  count as counting,
  firestore,
  fixedWindows,
  kv,
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  type PCollection,
  type Pipeline,
  ProcessContinuation,
  pipeline,
  pubsub,
  type SplittableDoFn,
  splitOffsetRange,
  watermarkEstimators,
  watermarks,
} from "../../../../sdk/index.ts";
import { checkNothingDropped, checkNothingLeft, watch } from "../../../support/mesh-checks.ts";
import { count, lettersOf } from "../../../support/reads.ts";

interface Job {
  readonly name: string;
  readonly length: number;
}

type JobRead = SplittableDoFn<Job, string, OffsetRange, number>;

/** Gives `name-0`, `name-1`, … of each job. */
const jobRead = (changes: Partial<JobRead> = {}): JobRead => ({
  name: "jobs",
  bounded: true,
  initialRestriction: ({ length }) => ({ from: 0, to: length }),
  split: (range, wanted) => splitOffsetRange(range, wanted, 10),
  newTracker: (range) => new OffsetRangeTracker(range),
  process({ name }, tracker, out) {
    for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
      out.output(`${name}-${n}`);
    }
    return undefined;
  },
  ...changes,
});

function write(texts: PCollection<string>): void {
  texts.write(
    firestore.collection("out", {
      id: (text) => text,
      fields: (text, { timestamp, window }) => ({ text, timestamp, start: window.start }),
    }),
  );
}

const each = (jobs: readonly Job[], changes: Partial<JobRead> = {}): Pipeline =>
  pipeline("each", (p) => write(p.create(jobs).readEach(jobRead(changes))));

async function run(built: Pipeline, options: MemoryMeshOptions = {}): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(built, { shards: 3, ...options });
  watch(mesh);
  await mesh.launch();
  await mesh.run();
  return mesh;
}

const textsOf = (mesh: MemoryMesh): string[] => [...mesh.store.documents("out").keys()].sort();

const answerOf = (jobs: readonly Job[]): string[] =>
  jobs.flatMap(({ name, length }) => count(0, length).map((n) => `${name}-${n}`)).sort();

const jobs: readonly Job[] = count(0, 20).map((i) => ({ name: `job${i}`, length: (i * 7) % 50 }));

test.each([
  [10_000, 10_000],
  [10, 3],
  [1, 1],
])("each element is read whole, with chunks of %i and bundles of %i", async (chunk, bundle) => {
  const engine = { chunkElementsMax: chunk, bundleElementsMax: bundle, memtableBytesMax: 500 };
  const mesh = await run(each(jobs), { engine });
  expect(textsOf(mesh)).toEqual(answerOf(jobs));
  expect((await mesh.job())?.state).toBe("DONE");
  expect((await mesh.status()).stages[1]).toMatchObject({ kind: "shuffle", elementsIn: 20 });
  await checkNothingDropped(mesh);
  await checkNothingLeft(mesh);
});

test("one large element is read by all shards", async () => {
  const mesh = await run(each([{ name: "large", length: 300 }]));
  const { heads } = await mesh.store.snapshot();
  const readers = heads.filter(({ progress, shard }) => {
    return shard.stage === mesh.plan.stages[1]?.id && JSON.parse(progress).metrics.elementsOut > 0;
  });
  expect(readers).toHaveLength(3);
  expect(textsOf(mesh)).toEqual(answerOf([{ name: "large", length: 300 }]));
});

test("outputs keep the element's time and window, and may be later but not earlier", async () => {
  const timed = pipeline("timed", (p) =>
    write(
      p
        .create(
          [
            { name: "good", length: 2, at: 5 },
            { name: "bad", length: 1, at: 1_005 },
          ],
          { timestamp: ({ at }) => at },
        )
        .windowInto(fixedWindows(1_000))
        .readEach({
          ...jobRead(),
          process({ name }, tracker, out) {
            for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
              if (name === "bad") out.output("bad", { timestamp: 1_000 });
              else if (n === 0) out.output("plain");
              else out.output("later", { timestamp: 7 });
            }
            return undefined;
          },
        }),
    ),
  );
  const mesh = await run(timed);
  expect(Object.fromEntries(mesh.store.documents("out"))).toMatchObject({
    plain: { timestamp: 5, start: 0 },
    later: { timestamp: 7, start: 0 },
  });
  expect(lettersOf(mesh)).toMatchObject([
    { attempts: 1, error: { code: "ERR_TIMESTAMP" }, element: { position: 0 } },
  ]);
});

test("an element that can't be read becomes a dead letter that holds it; the others are read", async () => {
  const broken = each(jobs, {
    initialRestriction({ name, length }) {
      if (name === "job3") throw new Error("no such job");
      return { from: 0, to: length };
    },
  });
  const mesh = await run(broken, { engine: { retryBackoffMs: 0 } });
  expect(textsOf(mesh)).toEqual(answerOf(jobs.filter(({ name }) => name !== "job3")));
  expect(lettersOf(mesh)).toMatchObject([{ attempts: 3, element: { element: jobs[3] } }]);
});

test("behind a topic, what is still to be read holds the windows back", async () => {
  const source = pubsub.topic<Job & { at: number }>("jobs", {
    timestamp: ({ at }) => at,
    watermark: watermarks.boundedOutOfOrderness(0),
  });
  const slowly = pipeline("slowly", (p) =>
    p
      .read(source)
      .windowInto(fixedWindows(1_000))
      .readEach({
        ...jobRead(),
        process({ name }, tracker, out) {
          const n = tracker.currentRestriction().from;
          if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
          out.output(name);
          return ProcessContinuation.resume({ delay: 10_000 });
        },
      })
      .keyBy((name) => name)
      .combinePerKey(counting())
      .map(({ key, value }) => kv(key, value))
      .write(firestore.collection("out", { id: ({ key }, { pane }) => `${key}#${pane.index}` })),
  );
  const mesh = new MemoryMesh(slowly, { shards: 2 });
  await mesh.launch();
  const job = (name: string, at: number) => ({ data: JSON.stringify({ name, length: 5, at }) });
  await mesh.publish("jobs", [job("a", 100), job("b", 200)]);
  await mesh.run(mesh.clock.nowMs() + 5_000);
  await mesh.publish("jobs", [job("late mark", 9_000)]);
  await mesh.run(mesh.clock.nowMs() + 20_000);
  expect(textsOf(mesh)).toEqual([]);
  await mesh.run(mesh.clock.nowMs() + 60_000);
  expect(Object.fromEntries(mesh.store.documents("out"))).toMatchObject({
    "a#0": { value: 5 },
    "b#0": { value: 5 },
  });
  await mesh.drain();
  await mesh.run();
  expect(mesh.store.documents("out").get("late mark#0")).toMatchObject({ value: 5 });
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingDropped(mesh);
});

test("an unbounded read of each element goes on until a drain", async () => {
  const endless = each(jobs.slice(0, 4), {
    bounded: false,
    watermark: watermarkEstimators.wallTime(),
    initialRestriction: () => ({ from: 0, to: MAX_OFFSET }),
    split: (range) => [range],
    process({ name }, tracker, out) {
      const n = tracker.currentRestriction().from;
      if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
      out.output(`${name}-${n}`);
      return ProcessContinuation.resume({ delay: 30_000 });
    },
  });
  const mesh = new MemoryMesh(endless, { shards: 3 });
  await mesh.launch();
  await mesh.run(mesh.clock.nowMs() + 70_000);
  expect(textsOf(mesh)).toEqual(answerOf(jobs.slice(0, 4).map((job) => ({ ...job, length: 3 }))));
  await mesh.drain();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingLeft(mesh);
});
