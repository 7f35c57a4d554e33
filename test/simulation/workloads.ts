/**
 * Workloads: small pipelines, their input, and the answer computed without any mesh.
 */
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import {
  bagState,
  combiningState,
  count,
  type DoFn,
  eventTimerFamily,
  firestore,
  fixedWindows,
  type KV,
  kv,
  MAX_OFFSET,
  mapState,
  type None,
  type OffsetRange,
  OffsetRangeTracker,
  type Pipeline,
  ProcessContinuation,
  pipeline,
  processingTimer,
  pubsub,
  type ReadContext,
  type SplittableDoFn,
  splitOffsetRange,
  splittable,
  statefulDoFn,
  sum,
  valueState,
  watermarkEstimators,
  watermarks,
} from "../../sdk/index.ts";
import { mergeByKey, sumByWindow } from "../support/oracle.ts";

/** A pipeline with its input and the answer. */
export interface Workload {
  readonly name: string;
  readonly pipeline: Pipeline;
  /** Streaming: publishes the input while time goes on. */
  readonly feed?: (mesh: MemoryMesh) => Promise<void>;
  readonly answer: Readonly<Record<string, unknown>>;
  /** What the mesh wrote, in the form of the answer. */
  readonly result: (mesh: MemoryMesh) => Record<string, unknown>;
}

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const MINUTE_MS = 60_000;
const originMs = Date.UTC(2026, 0, 1);

function eventsOf(seed: number, length: number): Event[] {
  const { fraction } = seededRandom(seed);
  return Array.from({ length }, (_, i) => ({
    key: `k${Math.floor(fraction() * 7)}`,
    value: Math.floor(fraction() * 100),
    time: originMs + i * 5 - Math.floor(fraction() * 200),
  }));
}

/** 20 ms of event time in 800 ms of processing time: a delay of seconds stays within bounds. */
async function publishAll(mesh: MemoryMesh, events: readonly Event[]): Promise<void> {
  for (let i = 0; i < events.length; i += 4) {
    const data = events.slice(i, i + 4).map((event) => ({ data: JSON.stringify(event) }));
    await mesh.publish("events", data);
    await mesh.run(mesh.clock.nowMs() + 800);
  }
}

function documents(mesh: MemoryMesh): Record<string, unknown> {
  const entries = [...mesh.store.documents("out")];
  return Object.fromEntries(entries.map(([id, fields]) => [id, fields["value"]]));
}

const keyed = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair) => String(pair.key),
  fields: ({ value }) => ({ value }),
});

/** Several panes of a window: one document each. */
const paned = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
  fields: ({ value }) => ({ value }),
});

/** Sums the panes of a key and window. */
function mergedPanes(mesh: MemoryMesh): Record<string, unknown> {
  const panes = Object.entries(documents(mesh)).map(
    ([id, value]) => [id.split("#")[0] ?? "", Number(value)] as const,
  );
  return mergeByKey(panes);
}

function wordCount(seed: number): Workload {
  const words = eventsOf(seed, 120).map(({ key }) => key);
  const lines = Array.from({ length: 40 }, (_, i) => words.slice(i * 3, i * 3 + 3).join(" "));
  return {
    name: "word count",
    pipeline: pipeline("sim-words", (p) =>
      p
        .create(lines)
        .flatMap((line) => line.split(" "))
        .keyBy((word) => word)
        .combinePerKey(count())
        .write(keyed),
    ),
    answer: mergeByKey(words.map((word) => [word, 1] as const)),
    result: documents,
  };
}

/** A stream: sums by key and window, with late data allowed. */
export function windowedSum(seed: number): Workload {
  const events = eventsOf(seed, 480);
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  return {
    name: "windowed sum",
    pipeline: pipeline("sim-windows", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(500), { allowedLateness: 1_000 })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer: sumByWindow(events, 500),
    result: mergedPanes,
  };
}

function chainedCombines(seed: number): Workload {
  const events = eventsOf(seed, 100);
  return {
    name: "two chained combines",
    pipeline: pipeline("sim-chain", (p) =>
      p
        .create(events, { timestamp: (e) => e.time })
        .windowInto(fixedWindows(100))
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum(), { name: "by key" })
        .map(({ value }) => kv("all", value))
        .combinePerKey(sum(), { name: "in all" })
        .write(paned),
    ),
    answer: sumByWindow(
      events.map((event) => ({ ...event, key: "all" })),
      100,
    ),
    result: mergedPanes,
  };
}

function grouped(seed: number): Workload {
  const events = eventsOf(seed, 90);
  const byKey = Map.groupBy(events, ({ key }) => key);
  const sorted = (values: readonly number[]): string => values.toSorted((a, b) => a - b).join(" ");
  return {
    name: "groupByKey",
    pipeline: pipeline("sim-groups", (p) =>
      p
        .create(events)
        .map((e) => kv(e.key, e.value))
        .groupByKey()
        .map(({ key, value }) => kv(key, sorted(value)))
        .write(keyed),
    ),
    answer: Object.fromEntries(
      [...byKey].map(([key, ofKey]) => [key, sorted(ofKey.map(({ value }) => value))]),
    ),
    result: documents,
  };
}

function reshuffled(seed: number): Workload {
  const events = eventsOf(seed, 90).map(({ value }, i) => kv(`e${i}`, value));
  return {
    name: "reshuffle",
    pipeline: pipeline("sim-reshuffle", (p) => p.create(events).reshuffle().write(keyed)),
    answer: Object.fromEntries(events.map(({ key, value }) => [key, value])),
    result: documents,
  };
}

function combinedGlobally(seed: number): Workload {
  const events = eventsOf(seed, 70);
  return {
    name: "combineGlobally",
    pipeline: pipeline("sim-global", (p) =>
      p
        .create(events)
        .map((e) => e.value)
        .combineGlobally(sum())
        .map((value) => kv("sum", value))
        .write(keyed),
    ),
    answer: { sum: events.reduce((total, { value }) => total + value, 0) },
    result: documents,
  };
}

/** An unbounded read in two parts that pause, in windows; a drain leaves what they still owe. */
function splittableRead(seed: number): Workload {
  const half = 75;
  const events = eventsOf(seed, 2 * half).map((e, i) => ({ ...e, time: originMs + i * 40 }));
  const source = splittable({
    name: "paused",
    bounded: false,
    watermark: watermarkEstimators.monotonicallyIncreasing(),
    initialRestriction: () => ({ from: 0, to: MAX_OFFSET, part: 0 }),
    split: (range) => [range, { ...range, part: 1 }],
    newTracker: (range) => new OffsetRangeTracker(range),
    process(tracker, out: ReadContext<Event>) {
      const { from, part } = tracker.currentRestriction();
      const to = Math.min(from + 4, half);
      for (const [i, event] of events.filter((_, n) => n % 2 === part).entries()) {
        if (i < from || i >= to) continue;
        if (!tracker.tryClaim(i)) return ProcessContinuation.stop();
        out.output(event, { timestamp: event.time });
      }
      return ProcessContinuation.resume({ delay: { milliseconds: 1_500 } });
    },
    truncate: (range) => (range.from < half ? { ...range, to: half } : undefined),
  });
  return {
    name: "splittable read",
    pipeline: pipeline("sim-reads", (p) =>
      p
        .read(source)
        .windowInto(fixedWindows(500))
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    async feed(mesh) {
      await mesh.run(mesh.clock.nowMs() + 20_000);
    },
    answer: sumByWindow(events, 500),
    result: mergedPanes,
  };
}

/** A bounded read of each element, cut into parts for all shards. */
function readEach(seed: number): Workload {
  const jobs = eventsOf(seed, 25).map(({ value }, i) => ({ name: `j${i}`, length: value % 40 }));
  const fn: SplittableDoFn<(typeof jobs)[number], string, OffsetRange, number> = {
    name: "jobs",
    bounded: true,
    initialRestriction: ({ length }) => ({ from: 0, to: length }),
    split: (range, wanted) => splitOffsetRange(range, wanted, 8),
    newTracker: (range) => new OffsetRangeTracker(range),
    async process({ name }, tracker, out) {
      for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) out.output(name);
    },
  };
  return {
    name: "readEach",
    pipeline: pipeline("sim-each", (p) =>
      p
        .create(jobs)
        .readEach(fn)
        .keyBy((name) => name)
        .combinePerKey(count())
        .write(keyed),
    ),
    answer: Object.fromEntries(
      jobs.filter(({ length }) => length > 0).map(({ name, length }) => [name, length]),
    ),
    result: documents,
  };
}

/** A batch join by side inputs: elements wait for a map and a total that other stages make. */
function sideInputs(seed: number): Workload {
  const events = eventsOf(seed, 90).map((event, i) => ({ ...event, id: `e${i}` }));
  const total = events.reduce((all, { value }) => all + value, 0);
  const share: DoFn<
    Event & { readonly id: string },
    KV<string, string>,
    None,
    { readonly counts: ReadonlyMap<string, number>; readonly total: number }
  > = {
    process(event, context) {
      const ofKey = context.sideInput("counts").get(event.key) ?? 0;
      context.output(kv(event.id, `${event.value} of ${ofKey} of ${context.sideInput("total")}`));
    },
  };
  const counts = mergeByKey(events.map((event) => [event.key, 1] as const));
  return {
    name: "side inputs",
    pipeline: pipeline("sim-sides", (p) => {
      const all = p.create(events);
      const sideInputs = {
        counts: all
          .map((e) => kv(e.key, 1))
          .combinePerKey(sum())
          .asMap(),
        total: all
          .map((e) => e.value)
          .combineGlobally(sum())
          .asSingleton(),
      };
      all.parDo(share, { sideInputs }).write(keyed);
    }),
    answer: Object.fromEntries(
      events.map(({ id, key, value }) => [id, `${value} of ${counts[key]} of ${total}`]),
    ),
    result: documents,
  };
}

/** Sums in parts: what came within two seconds is flushed, the rest and the count at expiry. */
const flushing = statefulDoFn<KV<string, number>, KV<string, number>>()({
  state: {
    total: combiningState(sum()),
    seen: bagState<number>(),
    last: valueState<{ readonly at: number }>(),
    byValue: mapState<number, number>(),
  },
  timers: { flush: processingTimer(), perParity: eventTimerFamily() },
  process({ value }, { state, timers, timestamp, window }) {
    if (state.total.isEmpty()) timers.flush.offset({ seconds: 2 }).setRelative();
    state.total.add(value);
    state.seen.add(value);
    state.last.write({ at: timestamp });
    state.byValue.put(value, (state.byValue.get(value) ?? 0) + 1);
    timers.perParity.get(String(value % 2)).set(window.end - 1);
  },
  onTimer: {
    flush({ key, state, output }) {
      output(kv(key, state.total.read()));
      state.total.clear();
    },
    perParity({ key, tag, state, output }) {
      const ofParity = state.seen.read().filter((value) => String(value % 2) === tag);
      output(kv(`${key} parity ${tag}`, ofParity.length));
    },
  },
  onWindowExpiration({ key, state, output }) {
    output(kv(key, state.total.read()));
    const counts = state.byValue.values();
    output(
      kv(
        `${key} seen`,
        counts.reduce((all, n) => all + n, 0),
      ),
    );
  },
});

/** Numbers what comes; fails if it is out of order. */
const inOrder = statefulDoFn<KV<string, KV<string, number>>, KV<string, number>>()({
  state: { n: valueState<number>(), last: valueState<number>() },
  requiresTimeSortedInput: true,
  process({ value }, { state, timestamp, output }) {
    if ((state.last.read() ?? 0) > timestamp) throw new Error("out of order");
    state.last.write(timestamp);
    const n = (state.n.read() ?? 0) + 1;
    state.n.write(n);
    output({ ...value, key: `${n} ${value.key}` });
  },
});

/** A stream through state and timers of both domains, then sorted by time. */
function stateAndTimers(seed: number): Workload {
  const events = eventsOf(seed, 160);
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  const counts = (suffix: string, of: readonly Event[]): Record<string, number> =>
    sumByWindow(
      of.map((event) => ({ ...event, key: `${event.key}${suffix}`, value: 1 })),
      500,
    );
  return {
    name: "state and timers",
    pipeline: pipeline("sim-state", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(500), { allowedLateness: 1_000 })
        .map((e) => kv(e.key, e.value))
        .parDo(flushing)
        .map((part) => kv("all", part))
        .parDo(inOrder)
        .write(paned),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer: {
      ...sumByWindow(events, 500),
      ...counts(" seen", events),
      ...counts(
        " parity 0",
        events.filter(({ value }) => value % 2 === 0),
      ),
      ...counts(
        " parity 1",
        events.filter(({ value }) => value % 2 === 1),
      ),
    },
    result(mesh) {
      const parts = Object.entries(documents(mesh)).map(
        ([id, value]) => [id.replace(/^\d+ |#.*$/g, ""), Number(value)] as const,
      );
      return mergeByKey(parts);
    },
  };
}

/** All workloads: each makes its input of a seed. */
export const workloads: readonly ((seed: number) => Workload)[] = [
  wordCount,
  windowedSum,
  chainedCombines,
  grouped,
  reshuffled,
  combinedGlobally,
  splittableRead,
  readEach,
  sideInputs,
  stateAndTimers,
];
