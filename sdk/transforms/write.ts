/**
 * write: a sink, and what some sinks need before them.
 */
import { anyCoder } from "../coders/json-coder.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { AssertSinkSpec, SinkSpec } from "../io/sink-spec.ts";
import { type GraphNode, runsInIngest } from "../model/graph.ts";

/**
 * Adds a sink. Files behind a source that takes messages from outside get a reshuffle first: an
 * ingest function has no shard and no state, and so no name for its files under which a repeated
 * write would replace itself.
 */
export function addWrite(
  builder: GraphBuilder,
  input: GraphNode,
  sink: SinkSpec<unknown>,
  name: string | undefined,
): GraphNode {
  const { windowing, bounded } = input;
  const base = { windowing, bounded } as const;
  const fallback = sink.type === "assert" ? sink.fallback : `write ${describeSink(sink)}`;
  const from =
    sink.type === "file" && runsInIngest(input)
      ? builder.add(
          { kind: "reshuffle", valueCoder: anyCoder, inputs: [input], ...base },
          { fallback: "reshuffle before files", lineage: name ?? fallback },
        )
      : input;
  return builder.add({ kind: "sink", sink, inputs: [from], ...base }, { name, fallback });
}

function describeSink(sink: Exclude<SinkSpec<unknown>, AssertSinkSpec>): string {
  if (sink.type === "firestore") return `firestore ${sink.collection}`;
  if (sink.type === "pubsub") return `pubsub ${sink.topic}`;
  return `files ${sink.prefix}`;
}
