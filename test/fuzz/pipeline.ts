/**
 * Fuzz pipeline: every kind of stage that takes messages, behind one topic.
 */
import {
  count,
  eventTimer,
  firestore,
  fixedWindows,
  type KV,
  type Pipeline,
  pipeline,
  pubsub,
  sessions,
  statefulDoFn,
  sum,
  valueState,
} from "../../sdk/index.ts";

/** One message. */
export interface FuzzEvent {
  readonly key: string;
  readonly at: number;
  readonly n: number;
  readonly tags: readonly string[];
}

const totals = statefulDoFn<KV<string, FuzzEvent>, { key: string; total: number }>()({
  state: { total: valueState<number>() },
  timers: { end: eventTimer() },
  process({ value }, { state, timers, window }) {
    state.total.write((state.total.read() ?? 0) + value.n);
    timers.end.set(window.end - 1);
  },
  onTimer: {
    end: ({ key, state, output }) => output({ key, total: state.total.read() ?? 0 }),
  },
});

/** Returns the pipeline. */
export function fuzzPipeline(): Pipeline {
  return pipeline("fuzz", (p) => {
    const events = p.read(pubsub.topic<FuzzEvent>("events", { timestamp: ({ at }) => at }), {
      name: "events",
    });
    const keyed = events.keyBy(({ key }) => key).windowInto(fixedWindows({ minutes: 1 }));
    const out = (name: string) => pubsub.topic(name, { encode: (e) => JSON.stringify(e) });
    keyed.groupByKey({ name: "grouped" }).write(out("grouped"));
    keyed
      .combinePerKey(
        sum((e: FuzzEvent) => e.n),
        { name: "summed" },
      )
      .write(firestore.collection("sums", { id: ({ key }) => encodeURIComponent(key) || "empty" }));
    keyed.parDo(totals, { name: "totals" }).write(out("totals"));
    events
      .keyBy(({ key }) => key)
      .windowInto(sessions({ seconds: 10 }))
      .combinePerKey(count(), { name: "sessions" })
      .write(out("sessions"));
    events.reshuffle({ name: "shuffled" }).write(out("shuffled"));
  });
}
