/**
 * Visits to a site, for tests of what can be done to a running job: sessions that stay open, timers
 * that loop in both domains, and a topic as a sink.
 */
import {
  count,
  eventTimer,
  firestore,
  type KV,
  pipeline,
  processingTimer,
  pubsub,
  sessions,
  statefulDoFn,
} from "tidemark";

/** One visit. */
export interface Visit {
  readonly user: string;
  /** ms since the epoch. */
  readonly at: number;
}

/** Looks after each user for ever, by both clocks. */
const looping = statefulDoFn<KV<string, Visit>, string>()({
  timers: { soon: processingTimer(), later: eventTimer() },
  process(_, { timers }) {
    timers.soon.withNoOutputTimestamp().offset({ seconds: 1 }).setRelative();
    timers.later.offset({ minutes: 1 }).setRelative();
  },
  onTimer: {
    soon: ({ timers }) => timers.soon.withNoOutputTimestamp().offset({ seconds: 1 }).setRelative(),
    later({ key, timers, output }) {
      output(key);
      timers.later.offset({ minutes: 1 }).setRelative();
    },
  },
});

export default pipeline("controlled", (p) => {
  const visits = p
    .read(pubsub.topic<Visit>("visits", { timestamp: ({ at }) => at }))
    .keyBy(({ user }) => user);
  visits
    .windowInto(sessions({ hours: 1 }))
    .combinePerKey(count())
    .write(firestore.collection("sessions", { id: ({ key }) => key }));
  visits.parDo(looping).write(pubsub.topic<string>("looked-after"));
});
