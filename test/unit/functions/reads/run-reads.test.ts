/**
 * Splittable reads on the memory mesh: checkpoints, pauses, watermarks, drains.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  firestore,
  fixedWindows,
  generateSequence,
  MAX_OFFSET,
  MIN_TIMESTAMP,
  OffsetRangeTracker,
  ProcessContinuation,
  pipeline,
  type Source,
  splitOffsetRange,
  splittable,
  sum,
  watermarkEstimators,
} from "../../../../sdk/index.ts";
import { checkNothingLeft, watch } from "../../../support/mesh-checks.ts";
import {
  count,
  lettersOf,
  type NumberRead,
  numberRead,
  numbersOf,
  reading,
} from "../../../support/reads.ts";

const MINUTE_MS = 60_000;

async function activationsOf(mesh: MemoryMesh): Promise<number> {
  return (await mesh.status()).stages[0]?.activations ?? 0;
}

test("a read goes on in chunks until it is done, and then the job is", async () => {
  const mesh = await reading(numberRead(95), { engine: { chunkElementsMax: 10 } });
  watch(mesh);
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 95));
  // One to begin it, and ten with up to ten numbers.
  expect(await activationsOf(mesh)).toBe(11);
  expect((await mesh.job())?.state).toBe("DONE");
  expect((await mesh.status()).stages[0]).toMatchObject({ elementsIn: 95, elementsOut: 95 });
  await checkNothingLeft(mesh);
});

test("its parts are read by several shards", async () => {
  const split = numberRead(40, { split: (range, wanted) => splitOffsetRange(range, wanted) });
  const mesh = await reading(split, { shards: 4 });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 40));
  const { heads } = await mesh.store.snapshot();
  expect(heads.map(({ progress }) => JSON.parse(progress).metrics.elementsIn)).toEqual([
    10, 10, 10, 10,
  ]);
});

test("a call ends by itself when its time is over, but always gets on", async () => {
  let nowMs = 0;
  const slow = numberRead(6, {
    async process(tracker, out) {
      nowMs += 10_000; // To open a connection takes longer than a call may.
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        nowMs += 2_000;
        out.output(n);
      }
    },
  });
  const mesh = await reading(slow, {
    wrapWorld: (world) => ({
      ...world,
      clock: { nowMs: () => world.clock.nowMs() + nowMs, sleep: (ms) => world.clock.sleep(ms) },
    }),
  });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 6));
  expect(await activationsOf(mesh)).toBe(1 + 6);
});

test("an asynchronous process is awaited, also at the end of a chunk", async () => {
  const awaiting = numberRead(25, {
    async process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        await new Promise(setImmediate);
        out.output(n);
      }
    },
  });
  const mesh = await reading(awaiting, { engine: { chunkElementsMax: 10 } });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 25));
});

/** Gives one number, and waits for the next; `given` is told of each. */
const oneByOne = (
  delayMs: number,
  to: number = MAX_OFFSET,
  given: { n: number; time: number }[] = [],
): NumberRead =>
  numberRead(to, {
    bounded: to < MAX_OFFSET,
    watermark: watermarkEstimators.manual(),
    process(tracker, out) {
      const n = tracker.currentRestriction().from;
      if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
      given.push({ n, time: out.nowMs() });
      out.output(n, { timestamp: out.nowMs() });
      out.setWatermark(out.nowMs());
      return ProcessContinuation.resume({ delay: delayMs });
    },
  });

test("a read that pauses goes on when its delay is over, and costs nothing between", async () => {
  const mesh = await reading(oneByOne(10 * MINUTE_MS));
  await mesh.run(mesh.clock.nowMs() + 5 * MINUTE_MS);
  expect(numbersOf(mesh)).toEqual([0]);
  const before = structuredClone(mesh.counts());
  await mesh.run(mesh.clock.nowMs() + 4 * MINUTE_MS);
  expect(mesh.counts(), "nothing happens in a pause").toEqual(before);
  await mesh.run(mesh.clock.nowMs() + 100 * MINUTE_MS);
  expect(numbersOf(mesh)).toEqual(count(0, 11));
  const { store, ticks } = mesh.counts();
  expect(store.headCommits - before.store.headCommits, "one activation a pause").toBe(10);
  // One that wakes it, and one that sees what it did.
  expect(ticks - before.ticks).toBe(20);
});

test("a read that resumes without having claimed anything waits for a tick", async () => {
  let calls = 0;
  const idle = numberRead(MAX_OFFSET, {
    bounded: false,
    watermark: watermarkEstimators.wallTime(),
    process() {
      calls++;
      return ProcessContinuation.resume();
    },
  });
  const mesh = await reading(idle);
  await mesh.run(mesh.clock.nowMs() + 20_000);
  expect(calls).toBeGreaterThan(5);
  expect(calls).toBeLessThanOrEqual(21);
});

/** Sums by windows of a minute, each pane a document. */
const minutes = (source: Source<number>) =>
  pipeline("minutes", (p) =>
    p
      .read(source)
      .keyBy(() => "all")
      .windowInto(fixedWindows(MINUTE_MS))
      .combinePerKey(sum())
      .write(
        firestore.collection("sums", {
          id: (_, { window, pane }) => `${window.start / MINUTE_MS}#${pane.index}`,
          fields: ({ value }, { pane }) => ({ value, timing: pane.timing }),
        }),
      ),
  );

const sumsOf = (mesh: MemoryMesh): Record<string, unknown> =>
  Object.fromEntries([...mesh.store.documents("sums")].map(([id, { value }]) => [id, value]));

test("windows fire by the estimator's watermark, long before the read ends", async () => {
  const given: { n: number; time: number }[] = [];
  const source = splittable(oneByOne(10_000, MAX_OFFSET, given));
  const mesh = new MemoryMesh(minutes(source), { startMs: 0 });
  await mesh.launch();
  await mesh.run(5 * MINUTE_MS + 15_000);
  const answer: Record<string, number> = {};
  for (const { n, time } of given) {
    const id = `${Math.floor(time / MINUTE_MS)}#0`;
    answer[id] = (answer[id] ?? 0) + n;
  }
  delete answer["5#0"];
  expect(sumsOf(mesh)).toEqual(answer);
  const timings = [...mesh.store.documents("sums").values()].map(({ timing }) => timing);
  expect(new Set(timings)).toEqual(new Set(["ON_TIME"]));
  expect((await mesh.job())?.state).toBe("RUNNING");
  const [read] = (await mesh.status()).stages;
  expect(read?.outputWatermark).toBe(given.at(-1)?.time);
  expect(read?.inputWatermark).toBe(read?.outputWatermark);
});

test("without an estimator the watermark of a bounded read is −∞ until all is read", async () => {
  const timed = numberRead(5, {
    process(tracker, out) {
      const n = tracker.currentRestriction().from;
      if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
      out.output(n, { timestamp: n * MINUTE_MS });
      return ProcessContinuation.resume({ delay: MINUTE_MS });
    },
  });
  const mesh = new MemoryMesh(minutes(splittable(timed)));
  await mesh.launch();
  await mesh.run(mesh.clock.nowMs() + 4 * MINUTE_MS);
  const [read] = (await mesh.status()).stages;
  expect(read).toMatchObject({
    elementsOut: 4,
    outputWatermark: MIN_TIMESTAMP,
    hold: MIN_TIMESTAMP,
  });
  expect(sumsOf(mesh)).toEqual({});
  await mesh.run();
  expect(sumsOf(mesh)).toEqual({ "0#0": 0, "1#0": 1, "2#0": 2, "3#0": 3, "4#0": 4 });
});

test("a drain ends an unbounded read: what it gave fires, and the job is done", async () => {
  const given: { n: number; time: number }[] = [];
  const source = splittable(oneByOne(10_000, MAX_OFFSET, given));
  const mesh = new MemoryMesh(minutes(source), { startMs: 0 });
  watch(mesh);
  await mesh.launch();
  await mesh.run(95_000);
  await mesh.drain();
  await mesh.run();
  const total = Object.values(sumsOf(mesh)).reduce<number>((n, value) => n + Number(value), 0);
  expect(total).toBe(given.reduce((sum, { n }) => sum + n, 0));
  expect(mesh.clock.nowMs(), "at once").toBeLessThan(105_000);
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingLeft(mesh);
});

test("a drain lets a bounded read go on to its end, also through its pauses", async () => {
  const mesh = await reading(oneByOne(MINUTE_MS, 5));
  await mesh.run(mesh.clock.nowMs() + 90_000);
  await mesh.drain();
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 5));
  expect((await mesh.job())?.state).toBe("DONE");
});

test("truncate says what a drain leaves, once for each part", async () => {
  const truncated: number[] = [];
  const cut = {
    ...oneByOne(MINUTE_MS),
    split: () => [
      { from: 0, to: 100 },
      { from: 100, to: MAX_OFFSET },
    ],
    truncate(range: { from: number; to: number }) {
      truncated.push(range.from);
      return range.from < 100 ? { from: range.from, to: range.from + 3 } : undefined;
    },
  };
  const mesh = await reading(cut);
  await mesh.run(mesh.clock.nowMs() + 90_000);
  expect(numbersOf(mesh)).toEqual([0, 1, 100, 101]);
  await mesh.drain();
  await mesh.run();
  // The first goes on at once, and then through its pauses.
  expect(numbersOf(mesh)).toEqual([...count(0, 5), 100, 101]);
  expect(truncated.sort()).toEqual([102, 2]);
  expect((await mesh.job())?.state).toBe("DONE");
});

test("a drain that comes before a read has begun ends it all the same", async () => {
  const mesh = await reading(oneByOne(MINUTE_MS));
  await mesh.drain();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
});

test("restrictions and estimators may hold what JSON can't", async () => {
  const exact = splittable({
    name: "exact",
    bounded: true,
    initialRestriction: () => ({ range: { from: 0, to: 12 }, big: 1n, at: new Date(7) }),
    newTracker({ range, ...rest }) {
      const tracker = new OffsetRangeTracker(range);
      return {
        tryClaim: (n: number) => tracker.tryClaim(n),
        currentRestriction: () => ({ range: tracker.currentRestriction(), ...rest }),
        trySplit(fraction: number) {
          const split = tracker.trySplit(fraction);
          if (split === undefined) return undefined;
          const { primary, residual } = split;
          return { primary: { range: primary, ...rest }, residual: { range: residual, ...rest } };
        },
        checkDone: () => tracker.checkDone(),
        getProgress: () => tracker.getProgress(),
      };
    },
    process(tracker, out: { output(n: number): void }) {
      const { range, big, at } = tracker.currentRestriction();
      for (let n = range.from; tracker.tryClaim(n); n++) {
        out.output(n * Number(big) + at.getTime());
      }
      return undefined;
    },
  });
  const mesh = new MemoryMesh(minutes(exact), { engine: { chunkElementsMax: 5 } });
  await mesh.launch();
  await mesh.run();
  const [first] = [...mesh.store.documents("sums").values()];
  expect(first?.["value"]).toBe(66 + 12 * 7);
  expect(lettersOf(mesh)).toEqual([]);
});

test("two reads of one pipeline don't wait for each other's end", async () => {
  const both = pipeline("both", (p) => {
    p.read(generateSequence({ to: 10 })).write(
      firestore.collection("a", { id: (n) => `${n}`, fields: (n) => ({ n }) }),
    );
    p.read(splittable(oneByOne(MINUTE_MS))).write(
      firestore.collection("b", { id: (n) => `${n}`, fields: (n) => ({ n }) }),
    );
  });
  const mesh = new MemoryMesh(both);
  await mesh.launch();
  await mesh.run(mesh.clock.nowMs() + 3 * MINUTE_MS + 5_000);
  expect(mesh.store.documents("a").size).toBe(10);
  expect(mesh.store.documents("b").size).toBe(4);
});
