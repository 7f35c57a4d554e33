/**
 * Workload of updates: a stream that is updated and restored in its midst.
 *
 * Windows with late data allowed, sessions, and a DoFn with state and timers, each of them moved to
 * other shards and to other names; reads that stand still and go on.
 */
import type { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import {
  combiningState,
  eventTimer,
  firestore,
  fixedWindows,
  type KV,
  kv,
  mapState,
  type Pipeline,
  pipeline,
  pubsub,
  sessions,
  statefulDoFn,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import { mergeByKey, sumBySession, sumByWindow } from "../../support/oracle.ts";
import { type Event, MINUTE_MS } from "./workload.ts";

/** Names of the transforms that keep state, as they are called at one time. */
export type Names = readonly [windows: string, sessions: string, totals: string];

const WINDOW_MS = 500;
const GAP_MS = 60;

/** The pipeline with its groupings under these names. */
export function updated(names: Names): Pipeline {
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  return pipeline("sim-updates", (p) => {
    const events = p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }));
    const pairs = events.map((e) => kv(e.key, e.value), { name: "pairs" });
    pairs
      .windowInto(fixedWindows(WINDOW_MS), { allowedLateness: 1_000 })
      .combinePerKey(sum(), { name: names[0] })
      .write(
        firestore.collection("windows", {
          id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    pairs
      .windowInto(sessions(GAP_MS))
      .combinePerKey(sum(), { name: names[1] })
      .write(
        firestore.collection("sessions", {
          id: ({ key }, { window }) => `${key} ${window.start} ${window.end}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    pairs
      .windowInto(fixedWindows(WINDOW_MS))
      .parDo(totalling, { name: names[2] })
      .write(
        firestore.collection("totals", {
          id: (pair, { window }) => `${pair.key}@${window.start}`,
          fields: ({ value }) => ({ value }),
        }),
      );
  });
}

/** Adds up, and tells at the end of the window; a timer in the midst tells nothing but that it fired. */
const totalling = statefulDoFn<KV<string, number>, KV<string, number>>()({
  state: { total: combiningState(sum()), byValue: mapState<number, number>() },
  timers: { often: eventTimer() },
  process({ key, value }, { state, timers, timestamp }) {
    if (state.total.isEmpty()) timers.often.set(timestamp);
    state.total.add(value);
    state.byValue.put(value, (state.byValue.get(value) ?? 0) + 1);
    void key;
  },
  onTimer: { often() {} },
  onWindowExpiration({ key, state, output }) {
    const sums = state.byValue.entries().map(([value, n]) => value * n);
    const again = [...sums].reduce((a, b) => a + b, 0);
    output(kv(key, state.total.read() === again ? again : -1));
  },
});

/** The answers, by collection. */
export function answersOf(events: readonly Event[]): Record<string, Record<string, number>> {
  return {
    windows: sumByWindow(events, WINDOW_MS),
    sessions: sumBySession(events, GAP_MS),
    totals: sumByWindow(events, WINDOW_MS),
  };
}

/** What the mesh wrote, in the form of the answers. */
export function resultsOf(mesh: MemoryMesh): Record<string, Record<string, unknown>> {
  const of = (collection: string): [string, unknown][] =>
    [...mesh.store.documents(collection)].map(([id, fields]) => [id, fields["value"]]);
  const panes = of("windows").map(([id, n]) => [id.split("#")[0] ?? "", Number(n)] as const);
  return {
    windows: mergeByKey(panes),
    sessions: Object.fromEntries(of("sessions")),
    totals: Object.fromEntries(of("totals")),
  };
}
