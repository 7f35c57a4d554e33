/**
 * Workloads of side inputs, state, timers and metrics.
 */
import {
  bagState,
  combiningState,
  type DoFn,
  eventTimerFamily,
  fixedWindows,
  type KV,
  kv,
  mapState,
  type None,
  pipeline,
  processingTimer,
  pubsub,
  statefulDoFn,
  sum,
  valueState,
  watermarks,
} from "../../../sdk/index.ts";
import { mergeByKey, sumByWindow } from "../../support/oracle.ts";
import { counted } from "./counted.ts";

import {
  documents,
  type Event,
  eventsOf,
  keyed,
  MINUTE_MS,
  paned,
  publishAll,
  type Workload,
} from "./workload.ts";

/** A batch join by side inputs: elements wait for a map and a total that other stages make. */
export function sideInputs(seed: number): Workload {
  const events = eventsOf(seed, 60).map((event, i) => ({ ...event, id: `e${i}` }));
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
export function stateAndTimers(seed: number): Workload {
  const events = eventsOf(seed, 48);
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

export function countedStream(seed: number): Workload {
  const events = eventsOf(seed, 48);
  return counted(events, (mesh) => publishAll(mesh, events));
}
