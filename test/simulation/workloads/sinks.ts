/**
 * Workloads of sinks: messages, files and a DoFn with a finalizer behind a shuffle; documents and
 * messages right behind an ingest stage. Firestore behind a shuffle is what the other workloads use.
 */
import {
  type DoFn,
  files,
  firestore,
  kv,
  pipeline,
  pubsub,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import { mergeByKey } from "../../support/oracle.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import {
  documents,
  type Event,
  eventsOf,
  MINUTE_MS,
  publishAll,
  type Workload,
} from "./workload.ts";

/** As a consumer reads a sink's topic: each id once. All messages of an id must be the same. */
function consumed(mesh: SimulatedMesh, topic: string): string[] {
  const byId = new Map<string, string>();
  for (const { data, attributes } of mesh.messages(topic)) {
    const id = attributes["tidemark-id"] ?? "";
    const text = Buffer.from(data).toString("utf8");
    const known = byId.get(id) ?? text;
    byId.set(id, known === text ? text : `${known} and also ${text}`);
  }
  return [...byId.values()];
}

/** Sums to a topic and to files, from one shuffle. */
export function messagesAndFiles(seed: number): Workload {
  const events = eventsOf(seed, 60);
  const sums = mergeByKey(events.map(({ key, value }) => [key, value] as const));
  return {
    name: "messages and files",
    pipeline: pipeline("sim-sinks", (p) => {
      const totals = p
        .create(events)
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum());
      totals.write(pubsub.topic("sums", { orderingKey: ({ key }) => key }), { name: "to topic" });
      totals.write(files.ndjson("sums"), { name: "to files" });
    }),
    answer: { messages: sums, lines: sums, files: true },
    result(mesh) {
      const pairs = (texts: readonly string[]): Record<string, number> =>
        mergeByKey(
          texts.map((text) => {
            const { key, value } = JSON.parse(text) as { key: string; value: number };
            return [key, value] as const;
          }),
        );
      const lines = [...mesh.files.values()].flatMap((text) => text.trimEnd().split("\n"));
      return {
        messages: pairs(consumed(mesh, "sums")),
        lines: pairs(lines),
        files: [...mesh.files.keys()].every((path) => path.startsWith("sums-")),
      };
    },
  };
}

/** A sink of the author's own: writes as it goes, and notes what is durable after the commit. */
export function userSink(seed: number): Workload {
  const events = eventsOf(seed, 40).map((event, i) => ({ ...event, id: `e${i}` }));
  const written = new Map<string, number>();
  const finalized = new Map<string, number>();
  const early: string[] = [];
  let mesh: SimulatedMesh | undefined;
  const sink: DoFn<Event & { readonly id: string }, { readonly id: string }> = {
    process({ id, value }, { output, bundleFinalizer }) {
      written.set(id, value);
      output({ id });
      bundleFinalizer.afterBundleCommit(() => {
        finalized.set(id, (finalized.get(id) ?? 0) + 1);
        if (mesh?.store.documents("done").has(id) !== true) early.push(id);
      });
    },
  };
  return {
    name: "user sink",
    pipeline: pipeline("sim-user", (p) =>
      p
        .read(pubsub.topic<Event & { readonly id: string }>("events"))
        .reshuffle()
        .parDo(sink)
        .write(firestore.collection("done", { id: ({ id }) => id })),
    ),
    async feed(running) {
      mesh = running;
      await publishAll(running, events);
    },
    answer: {
      written: Object.fromEntries(events.map(({ id, value }) => [id, value])),
      done: events.map(({ id }) => id).sort(),
      early: [],
      twice: [],
      isAnyFinalized: true,
    },
    result: (running) => ({
      written: Object.fromEntries(written),
      done: [...running.store.documents("done").keys()].sort(),
      early,
      twice: [...finalized].filter(([, times]) => times > 1),
      isAnyFinalized: finalized.size > 0,
    }),
  };
}

/** Documents and messages with no shuffle in between: a message of the source makes the same ones. */
export function ingestSinks(seed: number): Workload {
  const events = eventsOf(seed, 40).map((event, i) => ({ ...event, id: `e${i}` }));
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  return {
    name: "ingest sinks",
    pipeline: pipeline("sim-ingest", (p) => {
      const all = p.read(
        pubsub.topic<Event & { readonly id: string }>("events", {
          timestamp: (e) => e.time,
          watermark,
        }),
      );
      all.write(
        firestore.collection("out", {
          id: ({ id }) => id,
          fields: ({ value }) => ({ value }),
        }),
        { name: "to documents" },
      );
      all
        .flatMap(({ id, value }) => [`${id} ${value}`, `${id} again`], { name: "twice" })
        .write(pubsub.topic<string>("copies"), { name: "to topic" });
    }),
    feed: (mesh) => publishAll(mesh, events),
    answer: {
      documents: Object.fromEntries(events.map(({ id, value }) => [id, value])),
      messages: events
        .flatMap(({ id, value }) => [
          JSON.stringify(`${id} ${value}`),
          JSON.stringify(`${id} again`),
        ])
        .sort(),
    },
    result: (mesh) => ({ documents: documents(mesh), messages: consumed(mesh, "copies").sort() }),
  };
}
