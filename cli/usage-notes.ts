/**
 * Usage notes: how other programs reach a local mesh.
 *
 * Owns: the lines that can be pasted. Does not own: the addresses (emulators/local-mesh.ts).
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import type { Pipeline } from "../sdk/pipeline.ts";
import { topicsRead } from "./publish-input.ts";

/** Returns the environment variables as lines for a shell. */
export function exportLines(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}`);
}

/** Returns a line for a shell that publishes one message to a topic. */
export function publishLine(topic: string): string {
  const script =
    `const{PubSub}=require("@google-cloud/pubsub");` +
    `new PubSub().topic(${JSON.stringify(topic)}).publishMessage({json:{hello:"world"}})` +
    ".then(console.log)";
  return `node -e ${shellWord(script)}`;
}

/** Returns what to do with a mesh that runs, in lines; `variables` come before. */
export function publishNotes(plan: MeshPlan): string[] {
  const topics = topicsRead(plan);
  if (topics.length === 0) return ["The pipeline reads no topic: it runs by itself."];
  const ownTopics = plan.stages.flatMap(({ ingest }) =>
    ingest?.topic === undefined ? [] : [ingest.topic],
  );
  return [
    "Publish with any Pub/Sub client in a shell that has these variables; for example one message:",
    ...ownTopics.map((topic) => `  ${publishLine(topic)}`),
  ];
}

/** Returns where results go to, one line a sink. */
export function resultNotes(pipeline: Pipeline, plan: MeshPlan): string[] {
  const lines = pipeline.graph.nodes.flatMap((node) => {
    if (node.kind !== "sink") return [];
    const { sink } = node;
    if (sink.type === "assert") return [];
    if (sink.type === "firestore") return [`Firestore collection ${sink.collection}`];
    return [sink.type === "pubsub" ? `Pub/Sub topic ${sink.topic}` : `files ${sink.prefix}-*`];
  });
  const results = [...new Set(lines)].join(", ");
  return [
    ...(results === "" ? [] : [`Results: ${results}`]),
    `Dead letters: Pub/Sub topic ${plan.deadLetterTopic}`,
  ];
}

function shellWord(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
