/**
 * Workload of updates: a stream that is updated and restored in its midst.
 *
 * Windows with late data allowed, sessions, and a DoFn with state and timers, each of them moved to
 * other shards and to other names; reads that stand still and go on.
 */
import {
  combine,
  firestore,
  fixedWindows,
  kv,
  type Pipeline,
  pipeline,
  pubsub,
  sessions,
  state,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import { mergeByKey, sumBySession, sumByWindow } from "../../support/oracle.ts";
import { type Event, eventsOf, MINUTE_MS } from "./workload.ts";

/** Names of the transforms that keep state, as they are called at one time. */
export type Names = readonly [windows: string, sessions: string, totals: string];

const WINDOW_MS = 500;
const GAP_MS = 60;

/** The pipeline with its groupings under these names. */
export function updated(names: Names): Pipeline {
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  return pipeline("sim-updates", (p) => {
    const events = p.read(
      pubsub.topic<Event>("events", { name: "events", timestamp: (e) => e.time, watermark }),
    );
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
      .parDo(
        {
          state: { total: state.combining(sum()) },
          process: ({ element, state: { total } }) => total.add(element.value),
          onWindowExpiration: ({ key, state: { total }, output }) =>
            output(kv(key, total.read())),
        },
        { name: names[2] },
      )
      .write(
        firestore.collection("totals", {
          id: (pair, { window }) => `${pair.key}@${window.start}`,
          fields: ({ value }) => ({ value }),
        }),
      );
  });
}
