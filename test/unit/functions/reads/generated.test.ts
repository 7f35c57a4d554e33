/**
 * Generated sequences on the memory mesh: which number comes when, with which time, and the watermark.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  firestore,
  type GenerateSequenceOptions,
  generateSequence,
  MIN_TIMESTAMP,
  periodicImpulse,
  periodicSequence,
  pipeline,
  type Source,
} from "../../../../sdk/index.ts";
import { count, lettersOf, numbersOf, writing } from "../../../support/reads.ts";

const SECOND_MS = 1_000;

async function launched(source: Source<unknown>, startMs = 0): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(writing(source), { startMs, shards: 3 });
  await mesh.launch();
  return mesh;
}

function timesOf(mesh: MemoryMesh): Record<string, unknown> {
  const documents = [...mesh.store.documents("out")];
  return Object.fromEntries(documents.map(([id, { timestamp }]) => [id, timestamp]));
}

const atRate = (changes: Partial<GenerateSequenceOptions>): Source<number> =>
  generateSequence({ rate: { elements: 2, per: SECOND_MS }, ...changes });

test("with an end and no rate all numbers come at once, at −∞", async () => {
  const mesh = await launched(generateSequence({ from: 5, to: 2_600 }));
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(5, 2_600));
  expect(new Set(Object.values(timesOf(mesh)))).toEqual(new Set([MIN_TIMESTAMP]));
  expect((await mesh.job())?.state).toBe("DONE");
});

test("numbers get the time that the author gives them", async () => {
  const mesh = await launched(generateSequence({ to: 3, timestamp: (n) => n * 10 }));
  await mesh.run();
  expect(timesOf(mesh)).toEqual({ 0: 0, 1: 10, 2: 20 });
});

test("at a rate no number comes before its time, and none more than a tick or two after", async () => {
  const mesh = await launched(atRate({}), 100);
  for (const untilMs of [100, 5_000, 5_100, 60_000, 90_001]) {
    await mesh.run(untilMs);
    const numbers = numbersOf(mesh);
    expect(numbers).toEqual(count(0, numbers.length));
    const due = Math.floor((untilMs - 100) / 500) + 1;
    expect(numbers.length).toBeLessThanOrEqual(due);
    expect(numbers.length).toBeGreaterThanOrEqual(due - 6);
  }
  expect(timesOf(mesh)).toMatchObject({ 0: 100, 1: 600, 100: 50_100 });
  const [read] = (await mesh.status()).stages;
  // No later number is older than the next one.
  const next = 100 + numbersOf(mesh).length * 500;
  expect(read?.outputWatermark).toBeLessThanOrEqual(next);
  expect(read?.outputWatermark).toBeGreaterThan(next - 4 * SECOND_MS);
});

test("a rate that is no whole number of ms keeps its pace", async () => {
  const mesh = await launched(generateSequence({ rate: { elements: 3, per: 1_000 }, to: 10 }));
  await mesh.run();
  expect(Object.values(timesOf(mesh))).toEqual([
    0, 334, 667, 1_000, 1_334, 1_667, 2_000, 2_334, 2_667, 3_000,
  ]);
});

test("with `to` it ends there, with maxReadTime after that time, and the job with it", async () => {
  const counted = await launched(atRate({ from: 3, to: 20 }));
  await counted.run();
  expect(numbersOf(counted)).toEqual(count(3, 20));
  expect(counted.clock.nowMs()).toBeGreaterThanOrEqual(8_000);
  const timed = await launched(atRate({ maxReadTime: { seconds: 10 } }));
  await timed.run();
  expect(numbersOf(timed)).toEqual(count(0, 20));
  expect(timed.clock.nowMs()).toBeLessThan(14_000);
  for (const mesh of [counted, timed]) expect((await mesh.job())?.state).toBe("DONE");
});

test("a high rate is caught up with in chunks", async () => {
  const source = generateSequence({ rate: { elements: 1_000, per: SECOND_MS }, to: 30_000 });
  const mesh = new MemoryMesh(writing(source), { startMs: 0, engine: { chunkElementsMax: 700 } });
  await mesh.launch();
  await mesh.run();
  expect(numbersOf(mesh)).toEqual(count(0, 30_000));
});

test("the author's times at a rate move the watermark", async () => {
  const mesh = await launched(atRate({ timestamp: (n) => n * 1_000_000 }));
  await mesh.run(20_000);
  const [read] = (await mesh.status()).stages;
  const last = (numbersOf(mesh).at(-1) ?? 0) * 1_000_000;
  expect(read?.outputWatermark).toBeLessThanOrEqual(last);
  expect(read?.outputWatermark).toBeGreaterThan(last - 8_000_000);
});

test("a drain ends a sequence that has no end", async () => {
  const mesh = await launched(atRate({}));
  await mesh.run(10_000);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  expect(mesh.clock.nowMs()).toBeLessThan(15_000);
});

test("an impulse gives its timestamps when they come, past ones at once", async () => {
  const mesh = await launched(periodicImpulse({ start: -25_000, interval: { seconds: 10 } }));
  await mesh.run(3_000);
  expect(numbersOf(mesh)).toEqual([-25_000, -15_000, -5_000]);
  await mesh.run(4_999);
  expect(numbersOf(mesh)).toHaveLength(3);
  await mesh.run(28_000);
  expect(numbersOf(mesh)).toEqual([-25_000, -15_000, -5_000, 5_000, 15_000, 25_000]);
  expect(timesOf(mesh)).toMatchObject({ 25000: 25_000 });
  const [read] = (await mesh.status()).stages;
  expect(read?.outputWatermark, "up to the next one").toBe(35_000);
});

test("an impulse that stops ends before its stop, and the job with it", async () => {
  const mesh = await launched(periodicImpulse({ start: 0, stop: 30_000, interval: 10_000 }));
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 10_000, 20_000]);
  expect((await mesh.job())?.state).toBe("DONE");
  const never = await launched(periodicImpulse({ start: 9, stop: 9, interval: 10 }));
  await never.run();
  expect(numbersOf(never)).toEqual([]);
});

test("each sequence that comes in gives its timestamps", async () => {
  const sequences = pipeline("sequences", (p) => {
    p.create([
      { start: 0, stop: 20_000, interval: 10_000 },
      { start: 5_000, stop: 20_000, interval: 10_000 },
      { start: 0, interval: 0 },
    ])
      .readEach(periodicSequence())
      .write(
        firestore.collection("out", { id: (time) => `${time}`, fields: (value) => ({ value }) }),
      );
  });
  const mesh = new MemoryMesh(sequences, { startMs: 0, engine: { retryBackoffMs: 0 } });
  await mesh.launch();
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 5_000, 10_000, 15_000]);
  const [letter] = lettersOf(mesh);
  expect(letter).toMatchObject({ element: { element: { start: 0, interval: 0 } } });
  expect(letter?.error.message).toContain("the interval is 0");
  expect((await mesh.job())?.state).toBe("DONE");
});
