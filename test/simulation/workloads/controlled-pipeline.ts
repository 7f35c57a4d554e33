/**
 * Controlled pipeline: what all workloads of job control run, with its input and its answers.
 *
 * Windows with late data allowed, sessions, and a DoFn with state and timers: each of them can be
 * moved to other shards and to other names.
 */
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
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import { type Event, eventsOf, MINUTE_MS } from "./workload.ts";

/** Names of the transforms that keep state, as they are called at one time. */
export type Names = readonly [windows: string, others: string];

/** How they are called at first. */
export const CALLED: Names = ["windows", "others"];

/** Other names: each other's, or one that is new and one that was the other's. */
export function otherNames(seed: number): Names {
  return seed % 3 === 0 ? ["others", "windows"] : ["others", "visits"];
}

const WINDOW_MS = 60;
const GAP_MS = 40;
/** More than a part of the input takes: what comes again, in any order, is not late. */
const BEHIND_MS = 600;
const PART_MS = 2_000;
const PART_EVENTS = 12;

/** The pipeline with its groupings under these names: one seed has sessions, the next has state and timers. */
export function controlled(seed: number, [windows, others]: Names): Pipeline {
  const watermark = watermarks.boundedOutOfOrderness(BEHIND_MS, { idle: 24 * 60 * MINUTE_MS });
  return pipeline("sim-controlled", (p) => {
    const events = p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }));
    const pairs = events.map((e) => kv(e.key, e.value), { name: "pairs" });
    pairs
      .windowInto(fixedWindows(WINDOW_MS), { allowedLateness: 1_000 })
      .combinePerKey(sum(), { name: windows })
      .write(
        firestore.collection("windows", {
          id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    if (hasSessions(seed)) {
      pairs
        .windowInto(sessions(GAP_MS))
        .combinePerKey(sum(), { name: others })
        .write(
          firestore.collection("sessions", {
            id: ({ key }, { window }) => `${key} ${window.start} ${window.end}`,
            fields: ({ value }) => ({ value }),
          }),
        );
    } else {
      pairs
        .windowInto(fixedWindows(WINDOW_MS))
        .parDo(totalling, { name: others })
        .write(
          firestore.collection("totals", {
            id: (pair, { window }) => `${pair.key}@${window.start}`,
            fields: ({ value }) => ({ value }),
          }),
        );
    }
  });
}

function hasSessions(seed: number): boolean {
  return seed % 2 === 1;
}

/** Adds up, and tells at the end of the window; a timer in the midst tells nothing but that it fired. */
const totalling = statefulDoFn<KV<string, number>, KV<string, number>>()({
  state: { total: combiningState(sum()), byValue: mapState<number, number>() },
  timers: { often: eventTimer() },
  process({ value }, { state, timers, timestamp }) {
    if (state.total.isEmpty()) timers.often.set(timestamp);
    state.total.add(value);
    state.byValue.put(value, (state.byValue.get(value) ?? 0) + 1);
  },
  onTimer: { often() {} },
  onWindowExpiration({ key, state, output }) {
    const sums = state.byValue.entries().map(([value, n]) => value * n);
    const again = [...sums].reduce((a, b) => a + b, 0);
    output(kv(key, state.total.read() === again ? again : -1));
  },
});

/** The input, in parts: while one comes in, the windows of the one before end. */
export function partsOf(seed: number): Event[][] {
  return [0, 1, 2].map((part) =>
    eventsOf(seed * 3 + part, PART_EVENTS).map((event) => {
      return { ...event, time: event.time + part * PART_MS };
    }),
  );
}

type Answers = Record<string, Record<string, number>>;

/** The answers, by collection. */
export function answersOf(seed: number, events: readonly Event[]): Answers {
  return {
    windows: sumByWindow(events, WINDOW_MS),
    sessions: hasSessions(seed) ? sumBySession(events, GAP_MS) : {},
    totals: hasSessions(seed) ? {} : sumByWindow(events, WINDOW_MS),
  };
}

/** What the mesh wrote, in the form of the answers. */
export function resultsOf({ store }: Pick<SimulatedMesh, "store">): Answers {
  const of = (collection: string): [string, number][] =>
    [...store.documents(collection)].map(([id, fields]) => [id, Number(fields["value"])]);
  const panes = of("windows").map(([id, n]) => [id.split("#")[0] ?? "", n] as const);
  return {
    windows: mergeByKey(panes) as Record<string, number>,
    sessions: Object.fromEntries(of("sessions")),
    totals: Object.fromEntries(of("totals")),
  };
}
