/**
 * Windows and triggers through a whole mesh in memory: what comes out against oracles, processing
 * time that fires without a message, continuation triggers, and what an author's own windows throw.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import {
  afterCount,
  afterProcessingTime,
  afterWatermark,
  type CombineFn,
  calendarWindows,
  customWindows,
  type DoFn,
  fixedWindows,
  globalWindow,
  type KV,
  kv,
  type PCollection,
  type Pipeline,
  pipeline,
  pubsub,
  type Root,
  repeatedly,
  sessions,
  slidingWindows,
  sum,
  type WindowFn,
  type WindowOptions,
  watermarks,
} from "../../sdk/index.ts";
import { mergeByKey, sumBySession, sumByWindow } from "../support/oracle.ts";
import { runInMemory } from "../support/run-memory.ts";

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

interface Pane {
  readonly key: string;
  readonly value: number;
  readonly start: number;
  readonly end: number;
  readonly timing: string;
  readonly index: number;
}

const originMs = Date.UTC(2026, 0, 1);
const watermark = watermarks.boundedOutOfOrderness(1_000);

/** Events in an order that the watermark allows. */
const input: readonly Event[] = Array.from({ length: 300 }, (_, i) => ({
  key: `k${(i * 7) % 5}`,
  value: i,
  time: originMs + i * 400 - ((i * 37) % 900),
}));

function readEvents(p: Root): PCollection<Event> {
  return p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }));
}

const describePane: DoFn<KV<string, number>, Pane> = {
  process({ key, value }, context) {
    const { start, end } = context.window;
    const { timing, index } = context.pane;
    context.output({ key, value, start, end, timing, index });
  },
};

function writePanes(summed: PCollection<KV<string, number>>): void {
  summed.parDo(describePane).write(pubsub.topic<Pane>("panes"));
}

function summing(windows: WindowFn<Event>, options: WindowOptions = {}): Pipeline {
  return pipeline("windows", (p) => {
    const windowed = readEvents(p).windowInto(windows, options);
    writePanes(windowed.map((e) => kv(e.key, e.value)).combinePerKey(sum()));
  });
}

async function panesOf(built: Pipeline): Promise<Pane[]> {
  const run = await runInMemory(built, { input: { events: input }, portion: 20, pause: 3_000 });
  const { stages } = await run.mesh.status();
  const lost = stages.map((s) => s.droppedLate + s.droppedClosed + s.deadLetters);
  expect(lost).toEqual(stages.map(() => 0));
  return run.messages<Pane>("panes");
}

function sums(panes: readonly Pane[]): Record<string, number> {
  return mergeByKey(panes.map((p) => [`${p.key} ${p.start} ${p.end}`, p.value] as const));
}

function ofWindow(windows: (time: number) => readonly (readonly [start: number, end: number])[]) {
  return mergeByKey(
    input.flatMap(({ key, value, time }) =>
      windows(time).map(([start, end]) => [`${key} ${start} ${end}`, value] as const),
    ),
  );
}

test("sessions come out as the oracle has them, one pane each", async () => {
  const panes = await panesOf(summing(sessions(1_500)));
  const expected = sumBySession(input, 1_500);
  expect(sums(panes)).toEqual(expected);
  expect(panes).toHaveLength(Object.keys(expected).length);
  expect(panes.every(({ timing }) => timing === "ON_TIME")).toBe(true);
});

test("early panes of sessions that grow add up to what each session holds", async () => {
  const trigger = afterWatermark({ early: afterCount(1), late: afterCount(1) });
  const panes = await panesOf(summing(sessions(1_500), { trigger, accumulation: "accumulating" }));
  const last = new Map(panes.map((pane) => [`${pane.key} ${pane.start} ${pane.end}`, pane.value]));
  for (const [session, value] of Object.entries(sumBySession(input, 1_500))) {
    expect(last.get(session)).toBe(value);
  }
  expect(panes.some(({ timing }) => timing === "EARLY")).toBe(true);
});

test("sliding windows count each element in every window that it lies in", async () => {
  const panes = await panesOf(summing(slidingWindows(10_000, { period: 2_500 })));
  const expected = ofWindow((time) => {
    const first = Math.floor(time / 2_500) * 2_500;
    return [0, 1, 2, 3].map((i) => [first - i * 2_500, first - i * 2_500 + 10_000] as const);
  });
  expect(sums(panes)).toEqual(expected);
});

test("calendar days come out in their time zone", async () => {
  const panes = await panesOf(summing(calendarWindows.days(1, { timeZone: "Asia/Kolkata" })));
  const dayMs = 86_400_000;
  const shiftMs = 5.5 * 3_600_000;
  const expected = ofWindow((time) => {
    const start = Math.floor((time + shiftMs) / dayMs) * dayMs - shiftMs;
    return [[start, start + dayMs]];
  });
  expect(sums(panes)).toEqual(expected);
});

test("a count fires in the global window, and the next grouping passes each pane on", async () => {
  const built = pipeline("chained", (p) => {
    const trigger = repeatedly(afterCount(10));
    const options = { trigger, accumulation: "discarding" } as const;
    const windowed = readEvents(p).windowInto(globalWindow(), options);
    const byKey = windowed.map((e) => kv(e.key, e.value)).combinePerKey(sum());
    writePanes(byKey.map(({ value }) => kv("all", value)).combinePerKey(sum(), { name: "All" }));
  });
  const panes = await panesOf(built);
  const total = input.reduce((all, { value }) => all + value, 0);
  expect(panes.reduce((all, { value }) => all + value, 0)).toBe(total);
  expect(panes.filter(({ timing }) => timing === "EARLY").length).toBeGreaterThan(5);
});

test("a second grouping takes sessions as they were merged", async () => {
  const built = pipeline("regrouped", (p) => {
    const windowed = readEvents(p).windowInto(sessions(1_500));
    const byKey = windowed.map((e) => kv(e.key, e.value)).combinePerKey(sum());
    writePanes(byKey.map(({ key, value }) => kv(key, value)).combinePerKey(sum(), { name: "Two" }));
  });
  expect(sums(await panesOf(built))).toEqual(sumBySession(input, 1_500));
});

test("a reshuffle keeps windows that are still to be merged", async () => {
  const built = pipeline("reshuffled", (p) => {
    const windowed = readEvents(p).windowInto(sessions(1_500)).reshuffle();
    writePanes(windowed.map((e) => kv(e.key, e.value)).combinePerKey(sum()));
  });
  expect(sums(await panesOf(built))).toEqual(sumBySession(input, 1_500));
});

test("processing time fires what waits, though no message comes any more", async () => {
  const trigger = repeatedly(afterProcessingTime({ delay: { minutes: 5 } }));
  const built = pipeline("delayed", (p) => {
    const options = { trigger, accumulation: "discarding" } as const;
    const windowed = readEvents(p).windowInto(globalWindow(), options);
    const byKey = windowed.map((e) => kv(e.key, e.value)).combinePerKey(sum());
    writePanes(byKey.map(({ value }) => kv("all", value)).combinePerKey(sum(), { name: "All" }));
  });
  const mesh = new MemoryMesh(built, { isVirtualOnly: true });
  await mesh.launch();
  const three = input.slice(0, 3).map((event) => ({ data: JSON.stringify(event) }));
  await mesh.publish("events", three);
  const startMs = mesh.clock.nowMs();
  await mesh.run(startMs + 4 * 60_000);
  expect(mesh.messages("panes")).toEqual([]);
  await mesh.run(startMs + 7 * 60_000);
  const values = mesh.messages("panes").map(({ data }) => JSON.parse(Buffer.from(data).toString()));
  // The panes of three keys are of one time, which the second grouping waits for.
  expect(values).toEqual([expect.objectContaining({ key: "all", value: 3, timing: "EARLY" })]);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.status()).state).toBe("DONE");
  await mesh.stop();
});

test("an author's own windows carry a label, and what is no window is a dead letter", async () => {
  const byParity = customWindows<Event>({
    name: "parity",
    assign({ element: { value, time } }) {
      if (value === 13) throw new Error("unlucky");
      if (value === 17) return [{ start: time, end: time }];
      const start = Math.floor(time / 60_000) * 60_000;
      return [{ start, end: start + 60_000, label: value % 2 === 0 ? "even ones" : "odd" }];
    },
  });
  const run = await runInMemory(summing(byParity), {
    input: { events: input },
    portion: 20,
    pause: 3_000,
    engine: { retryBackoffMs: 0 },
  });
  const panes = run.messages<Pane>("panes");
  const kept = input.filter(({ value }) => value !== 13 && value !== 17);
  const sumsByMinute = sumByWindow(kept, 60_000);
  expect(mergeByKey(panes.map((p) => [`${p.key}@${p.start}`, p.value] as const))).toEqual(
    sumsByMinute,
  );
  expect(panes.length).toBeGreaterThan(Object.keys(sumsByMinute).length);
  const letters = run.messages<{ error: { code: string; message: string } }>(
    run.mesh.plan.deadLetterTopic,
  );
  expect(letters.map(({ error }) => error.code)).toEqual(["ERR_USER_CODE", "ERR_USER_CODE"]);
  expect(letters.map(({ error }) => error.message)).toEqual([
    expect.stringMatching(/^windowInto \(.*windows-memory.test.ts:\d+\): unlucky/),
    expect.stringMatching(/^windowInto \(.*\): custom windows "parity": a window ends before/),
  ]);
});

test("a trigger closes its window, and what it drops is counted", async () => {
  const options = { trigger: afterCount(1), accumulation: "discarding" } as const;
  const run = await runInMemory(summing(fixedWindows({ days: 1 }), options), {
    input: { events: input },
    portion: 20,
    pause: 3_000,
  });
  const panes = run.messages<Pane>("panes");
  expect(panes.every(({ timing, index }) => timing === "EARLY" && index === 0)).toBe(true);
  const { stages } = await run.mesh.status();
  const dropped = stages.reduce((all, { droppedClosed }) => all + droppedClosed, 0);
  expect(dropped).toBeGreaterThan(0);
});

/** A sum that can't take in what holds an unlucky 13, as often as `failures` says. */
function brittleSum(failures: number): CombineFn<number, number[], number> {
  let failed = 0;
  return {
    name: "brittle",
    createAccumulator: () => [],
    addInput: (list, n) => [...list, n],
    mergeAccumulators(list, other) {
      if (other.includes(13) && failed++ < failures) throw new Error("unlucky");
      return [...list, ...other];
    },
    extractOutput: (list) => list.reduce((total, n) => total + n, 0),
  };
}

test.each([
  ["for good sets aside the element that brings the sessions together", Infinity, [1, 13], 1],
  ["for a while loses nothing", 2, [16], 0],
])("a combine that can't merge sessions %s", async (_, failures, expected, letters) => {
  const built = pipeline("brittle", (p) => {
    const windowed = readEvents(p).windowInto(sessions(1_100));
    writePanes(windowed.map((e) => kv("k", e.value)).combinePerKey(brittleSum(failures)));
  });
  const mesh = new MemoryMesh(built, { isVirtualOnly: true, engine: { retryBackoffMs: 0 } });
  await mesh.launch();
  for (const [value, time] of [
    [1, 0],
    [13, 2_000],
    [2, 1_000],
  ]) {
    const event = { key: "k", value, time: originMs + time! };
    await mesh.publish("events", [{ data: JSON.stringify(event) }]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
  }
  await mesh.drain();
  await mesh.run();
  const parsed = <T>(topic: string): T[] =>
    mesh.messages(topic).map(({ data }) => JSON.parse(Buffer.from(data).toString()) as T);
  const values = parsed<Pane>("panes").map(({ value }) => value);
  expect(values.sort((a, b) => a - b)).toEqual(expected);
  const dead = parsed<{ error: { message: string } }>(mesh.plan.deadLetterTopic);
  expect(dead).toHaveLength(letters);
  for (const { error } of dead) expect(error.message).toMatch(/^combinePerKey \(.*\): unlucky$/);
  expect((await mesh.status()).state).toBe("DONE");
  await mesh.stop();
});
