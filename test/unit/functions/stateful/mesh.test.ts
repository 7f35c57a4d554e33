/**
 * Stateful DoFns in a whole mesh: batch, and streams with watermarks and processing time.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  type BundleFinalizer,
  bagState,
  eventTimer,
  files,
  fixedWindows,
  type KV,
  type Pipeline,
  pipeline,
  processingTimer,
  pubsub,
  statefulDoFn,
  valueState,
  watermarks,
} from "../../../../sdk/index.ts";
import { checkNothingLeft } from "../../../support/mesh-checks.ts";
import { runInMemory } from "../../../support/run-memory.ts";

interface Event {
  readonly user: string;
  readonly at: number;
}

const HOUR_MS = 3_600_000;
const originMs = Date.UTC(2026, 0, 1);
const out = pubsub.topic<string>("out");

/** Numbers the events of each user and window, and tells how many when the window expires. */
const numbering = statefulDoFn<KV<string, Event>, string>()({
  state: { n: valueState<number>() },
  process({ key }, { state, output }) {
    const n = (state.n.read() ?? 0) + 1;
    state.n.write(n);
    output(`${key} ${n}`);
  },
  onWindowExpiration: ({ key, state, output }) => output(`${key} total ${state.n.read()}`),
});

function eventsOf(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    user: `u${i % 3}`,
    at: originMs + i * 60_000,
  }));
}

function numbered(perUser: readonly number[]): string[] {
  return perUser.flatMap((total, user) => [
    ...Array.from({ length: total }, (_, i) => `u${user} ${i + 1}`),
    `u${user} total ${total}`,
  ]);
}

describe("batch", () => {
  test.each([1, 4])("each key counts on its own, on %s shards", async (shards) => {
    const built = pipeline("batch", (p) =>
      p
        .create(eventsOf(50), { timestamp: (e) => e.at })
        .keyBy((e) => e.user)
        .parDo(numbering)
        .write(out),
    );
    const run = await runInMemory(built, { shards });
    expect(run.messages("out").sort()).toEqual(numbered([17, 17, 16]).sort());
    await checkNothingLeft(run.mesh);
  });

  test("a second DoFn with state takes what the first gives, by other keys", async () => {
    const built = pipeline("two", (p) =>
      p
        .create(eventsOf(30), { timestamp: (e) => e.at })
        .windowInto(fixedWindows({ minutes: 10 }))
        .keyBy((e) => e.user)
        .parDo(numbering)
        .keyBy((text) => text.includes("total"))
        .parDo<string>(
          statefulDoFn({
            state: { n: valueState<number>() },
            process: (_, { state }) => state.n.write((state.n.read() ?? 0) + 1),
            onWindowExpiration: ({ key, window, state, output }) =>
              output(`${key} ${(window.start - originMs) / 60_000} ${state.n.read()}`),
          }),
        )
        .write(out),
    );
    const run = await runInMemory(built, { engine: { firingsMax: 3, bundleElementsMax: 4 } });
    expect(run.messages("out").sort()).toEqual(
      [0, 10, 20].flatMap((start) => [`false ${start} 10`, `true ${start} 3`]).sort(),
    );
    await checkNothingLeft(run.mesh);
  });
});

/** Buffers, and flushes some seconds after the first element of a batch. */
const flushing = statefulDoFn<KV<string, Event>, string>()({
  state: { buffer: bagState<number>() },
  timers: { flush: processingTimer(), end: eventTimer() },
  process({ value }, { state, timers, window }) {
    if (state.buffer.isEmpty()) timers.flush.offset({ seconds: 30 }).setRelative();
    state.buffer.add(value.at - originMs);
    timers.end.set(window.end - 1);
  },
  onTimer: {
    flush({ key, state, output }) {
      output(`${key} flush ${state.buffer.read().length}`);
      state.buffer.clear();
    },
    end({ key, state, output }) {
      output(`${key} end ${state.buffer.read().length}`);
      state.buffer.clear();
    },
  },
});

test("a job is not done while a timer is due, though it holds nothing", async () => {
  let fired = 0;
  const built = pipeline("done", (p) =>
    p
      .create([1, 2, 3])
      .keyBy((n) => n)
      .parDo<string>(
        statefulDoFn({
          timers: { end: eventTimer() },
          process: (_, { timers }) => timers.end.withNoOutputTimestamp().set(0),
          onTimer: { end: () => void fired++ },
        }),
      )
      .write(out),
  );
  const mesh = new MemoryMesh(built, { shards: 2 });
  const { store } = mesh;
  const commitJob = store.commitJob.bind(store);
  const firedAtDone: number[] = [];
  store.commitJob = async (commit) => {
    if (commit.job.text.includes('"DONE"')) firedAtDone.push(fired);
    await commitJob(commit);
  };
  await mesh.launch();
  await mesh.run();
  expect(firedAtDone[0]).toBe(3);
});

describe("streams", () => {
  const read = (p: Parameters<Parameters<typeof pipeline>[1]>[0]) =>
    p.read(
      pubsub.topic<Event>("events", {
        timestamp: (e) => e.at,
        watermark: watermarks.boundedOutOfOrderness({ minutes: 1 }),
      }),
    );
  const windowed = (fn: typeof flushing): Pipeline =>
    pipeline("stream", (p) =>
      read(p)
        .windowInto(fixedWindows({ hours: 1 }))
        .keyBy((e) => e.user)
        .parDo(fn)
        .write(out),
    );
  const texts = (mesh: MemoryMesh): string[] =>
    mesh
      .messages("out")
      .map(({ data }) => JSON.parse(Buffer.from(data).toString("utf8")) as string)
      .sort();
  const publish = async (mesh: MemoryMesh, ...events: Event[]): Promise<void> => {
    await mesh.publish(
      "events",
      events.map((event) => ({ data: JSON.stringify(event) })),
    );
  };

  test("processing time flushes though no message comes, event time when the watermark passes", async () => {
    const mesh = new MemoryMesh(windowed(flushing), { shards: 2 });
    await mesh.launch();
    await publish(mesh, ...[0, 1, 2].map((i) => ({ user: "a", at: originMs + i })));
    await mesh.run(mesh.clock.nowMs() + 20_000);
    expect(texts(mesh)).toEqual([]);
    await mesh.run(mesh.clock.nowMs() + 20_000);
    expect(texts(mesh)).toEqual(["a flush 3"]);
    await publish(mesh, { user: "a", at: originMs + HOUR_MS - 1 });
    await publish(mesh, { user: "b", at: originMs + HOUR_MS + 59_999 });
    await mesh.run(mesh.clock.nowMs() + 10_000);
    expect(texts(mesh)).toEqual(["a flush 3"]);
    await publish(mesh, { user: "b", at: originMs + HOUR_MS + 60_000 });
    await mesh.run(mesh.clock.nowMs() + 10_000);
    expect(texts(mesh)).toEqual(["a end 1", "a flush 3"]);
    // A message again does not count again; what comes after its window is dropped.
    await publish(mesh, { user: "a", at: originMs + 5 });
    await mesh.drain();
    await mesh.run();
    expect(texts(mesh)).toEqual(["a end 1", "a flush 3", "b end 2"]);
    const status = await mesh.status();
    expect(status.state).toBe("DONE");
    expect(status.stages.reduce((sum, { droppedLate }) => sum + droppedLate, 0)).toBe(1);
    await checkNothingLeft(mesh);
  });

  test("a held watermark holds the windows behind it", async () => {
    const built = pipeline("held", (p) =>
      read(p)
        .keyBy((e) => e.user)
        .parDo<number>(
          statefulDoFn({
            state: { buffer: bagState<number>() },
            timers: { flush: processingTimer() },
            process({ value }, { state, timers }) {
              if (state.buffer.isEmpty()) timers.flush.offset({ minutes: 5 }).setRelative();
              state.buffer.add(value.at);
            },
            onTimer: {
              flush({ state, output }) {
                for (const at of state.buffer.read()) output(at, { timestamp: at });
                state.buffer.clear();
              },
            },
          }),
        )
        .windowInto(fixedWindows({ minutes: 1 }))
        .keyBy(() => "all")
        .groupByKey()
        .map(({ value }) => value.map((at) => at - originMs).join(" "))
        .write(out),
    );
    const mesh = new MemoryMesh(built, { shards: 1 });
    await mesh.launch();
    const at = (minutes: number): Event => ({ user: "a", at: originMs + minutes * 60_000 });
    await publish(mesh, at(0), at(10));
    await mesh.run(mesh.clock.nowMs() + 60_000);
    await publish(mesh, at(11), at(20));
    await mesh.run(mesh.clock.nowMs() + 60_000);
    expect(texts(mesh)).toEqual([]);
    await mesh.run(mesh.clock.nowMs() + 5 * 60_000);
    expect(texts(mesh)).toEqual(["0", "600000", "660000"]);
    await mesh.drain();
    await mesh.run();
    expect((await mesh.status()).stages.map(({ droppedLate }) => droppedLate)).toEqual([0, 0, 0]);
    expect(texts(mesh)).toEqual(["0", "1200000", "600000", "660000"]);
  });

  test("a looping processing-time timer does not keep a drained mesh alive", async () => {
    const looping = statefulDoFn<KV<string, Event>, string>()({
      timers: { loop: processingTimer() },
      process: (_, { timers }) =>
        timers.loop.withNoOutputTimestamp().offset({ seconds: 10 }).setRelative(),
      onTimer: {
        loop: ({ timers }) =>
          timers.loop.withNoOutputTimestamp().offset({ seconds: 10 }).setRelative(),
      },
    });
    const mesh = new MemoryMesh(windowed(looping as typeof flushing), { shards: 2 });
    await mesh.launch();
    await publish(mesh, { user: "a", at: originMs });
    await mesh.run(mesh.clock.nowMs() + 60_000);
    await mesh.drain();
    await mesh.run();
    expect((await mesh.status()).state).toBe("DONE");
    await checkNothingLeft(mesh);
  });

  test("with nothing set and nothing to expire no tick is made", async () => {
    const mesh = new MemoryMesh(windowed(flushing), { shards: 2 });
    await mesh.launch();
    await publish(mesh, { user: "a", at: originMs });
    await mesh.run(mesh.clock.nowMs() + 60_000);
    const { ticks } = mesh;
    await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
    expect(mesh.ticks).toBe(ticks);
  });
});

test("callbacks after the commit are called in every kind of stage, once", async () => {
  const done: string[] = [];
  const note = (where: string, bundleFinalizer: BundleFinalizer): void =>
    bundleFinalizer.afterBundleCommit(() => {
      done.push(where);
      throw new Error("a callback that fails does no harm");
    });
  const built = pipeline("finalizers", (p) =>
    p
      .read(pubsub.topic<Event>("events", { timestamp: (e) => e.at }))
      .parDo<Event>({
        process(event, { bundleFinalizer, output }) {
          note(`ingest ${event.user}`, bundleFinalizer);
          output(event);
        },
      })
      .keyBy((e) => e.user)
      .parDo<string>(
        statefulDoFn({
          timers: { e: eventTimer() },
          process({ key }, { bundleFinalizer, timers, timestamp }) {
            timers.e.set(timestamp);
            note(`process ${key}`, bundleFinalizer);
          },
          onTimer: { e: ({ key, bundleFinalizer }) => note(`timer ${key}`, bundleFinalizer) },
          onWindowExpiration: ({ key, bundleFinalizer }) => note(`end ${key}`, bundleFinalizer),
        }),
      )
      .write(files.text("unused")),
  );
  await runInMemory(built, { input: { events: [{ user: "a", at: originMs }] } });
  expect(done).toEqual(["ingest a", "process a", "timer a", "end a"]);
});
