/**
 * Counted: a stream whose user code counts what it sees, and what must have been counted.
 */

import { type MetricFilter, queryMetrics } from "../../../functions/metrics/results.ts";
import {
  firestore,
  fixedWindows,
  kv,
  metrics,
  pipeline,
  pubsub,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import type { Workload } from "./workload.ts";

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const before = metrics.counter("sim", "before");
const seen = metrics.counter("sim", "seen");
const values = metrics.distribution("sim", "values");
const keys = metrics.stringSet("sim", "keys");
const panes = metrics.counter("sim", "panes");

/** Counts behind the first shuffle: each element once, whatever fails. */
export function counted(
  events: readonly Event[],
  feed: (mesh: SimulatedMesh) => Promise<void>,
): Workload {
  const watermark = watermarks.boundedOutOfOrderness(200, { idle: 30 * 60_000 });
  const amounts = events.map(({ value }) => value);
  return {
    name: "counted",
    pipeline: pipeline("sim-counted", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .filter(() => before.add() === undefined)
        .reshuffle()
        .map((event) => {
          seen.add();
          return event;
        })
        .parDo<Event>({
          async process(event, context) {
            await Promise.resolve();
            values.update(event.value);
            context.output(event);
            keys.add(event.key);
          },
        })
        .windowInto(fixedWindows(500), { allowedLateness: 2_000 })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .filter(() => panes.add() === undefined)
        .write(
          firestore.collection("out", {
            id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
            fields: ({ value }) => ({ value }),
          }),
        ),
    ),
    feed,
    answer: {
      seen: [events.length],
      values: [
        {
          sum: amounts.reduce((a, b) => a + b, 0),
          count: events.length,
          min: Math.min(...amounts),
          max: Math.max(...amounts),
        },
      ],
      keys: [[...new Set(events.map(({ key }) => key))].sort()],
      isEachPaneCounted: true,
      isEachMessageCounted: true,
      areTriesCounted: true,
    },
    result: resultOf,
  };
}

async function resultOf(mesh: SimulatedMesh): Promise<Record<string, unknown>> {
  const { metrics: all } = await mesh.status();
  const committed = (filter: MetricFilter): unknown[] =>
    queryMetrics(all, filter).map((metric) => metric.committed);
  const [written] = committed({ name: "panes" });
  const [taken] = committed({ name: "before" });
  const [seenAll] = committed({ name: "seen" });
  return {
    seen: committed({ name: "seen" }),
    values: committed({ name: "values" }),
    keys: committed({ name: "keys" }),
    isEachPaneCounted: written === mesh.store.documents("out").size,
    // A message that comes again after it was acknowledged runs, and counts, again before the shuffle.
    isEachMessageCounted: Number(taken) >= Number(seenAll),
    areTriesCounted: queryMetrics(all, { kind: "counter" }).every(
      (metric) => Number(metric.attempted) >= Number(metric.committed),
    ),
  };
}
