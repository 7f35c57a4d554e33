/**
 * Workloads of sessions and triggers.
 */
import {
  afterAny,
  afterCount,
  afterProcessingTime,
  afterWatermark,
  firestore,
  globalWindow,
  kv,
  pipeline,
  pubsub,
  repeatedly,
  sessions,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { sumBySession } from "../../support/oracle.ts";

import {
  documents,
  type Event,
  eventsOf,
  MINUTE_MS,
  mergedPanes,
  paned,
  publishAll,
  type Workload,
} from "./workload.ts";

/** A stream in sessions with early panes: the last pane of each session holds all of it. */
export function earlySessions(seed: number): Workload {
  const events = eventsOf(seed, 48);
  const gapMs = 60;
  const watermark = watermarks.boundedOutOfOrderness(200, { idle: 30 * MINUTE_MS });
  const answer = sumBySession(events, gapMs);
  return {
    name: "early sessions",
    pipeline: pipeline("sim-sessions", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(sessions(gapMs), {
          trigger: afterWatermark({ early: afterCount(2), late: afterCount(1) }),
          accumulation: "accumulating",
          allowedLateness: 2_000,
        })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(
          firestore.collection("out", {
            id: ({ key }, { window, pane }) => `${key} ${window.start} ${window.end}#${pane.index}`,
            fields: ({ value }) => ({ value }),
          }),
        ),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer,
    // Early panes of sessions that grew later stand there as well, under windows of their own.
    result(mesh) {
      const panes = Object.entries(documents(mesh)).map(([id, value]) => {
        const [session = "", index] = id.split("#");
        return { session, index: Number(index), value };
      });
      const whole = panes.filter(({ session }) => session in answer);
      const last = whole.toSorted((a, b) => a.index - b.index);
      return Object.fromEntries(last.map(({ session, value }) => [session, value]));
    },
  };
}

/** A stream in the global window: panes by count and by processing time add up to all. */
export function timedPanes(seed: number): Workload {
  const events = eventsOf(seed, 48);
  return {
    name: "timed panes",
    pipeline: pipeline("sim-timed", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time }))
        .windowInto(globalWindow(), {
          trigger: repeatedly(afterAny(afterCount(10), afterProcessingTime({ delay: 5_000 }))),
          accumulation: "discarding",
        })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum(), { name: "by key" })
        .map(({ value }) => kv("all", value))
        .combinePerKey(sum(), { name: "in all" })
        .write(paned),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer: { [`all@${GLOBAL_WINDOW.start}`]: events.reduce((all, { value }) => all + value, 0) },
    result: mergedPanes,
  };
}
