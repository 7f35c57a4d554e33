/**
 * Names: the stable ids of stages, topics and subscriptions.
 *
 * Owns: every name that lives across deploys, apart from node ids (graph-builder.ts). A golden test
 * pins them.
 *
 * N1. A stage id depends on its root's name and id only: a transform that is added elsewhere renames
 *     nothing.
 * N2. A stage id has at most 40 of [a-z0-9-] and begins with a letter.
 */
import type { GraphNode } from "../model/graph.ts";
import { textHash } from "../model/text-hash.ts";

const hashDigits = 6;
const stageIdLengthMax = 40;

/** Returns the id of the stage that `root` begins: what people call it, and six digits of its id. */
export function stageId(root: GraphNode): string {
  const room = stageIdLengthMax - hashDigits - 1;
  const words = slug(root.name).slice(0, room).replace(/-+$/, "");
  return `${words === "" ? "stage" : words}-${textHash(root.id).slice(0, hashDigits)}`;
}

/** Returns the name of a stage's mailbox topic, or of an ingest stage's subscription. */
export function topicName(pipeline: string, stage: string): string {
  return `tm-${pipeline}-${stage}`;
}

/** Returns the name of the topic, and of its subscription, by which an ingest stage gets dead letters back. */
export function replayTopicName(pipeline: string, stage: string): string {
  return `${topicName(pipeline, stage)}-replay`;
}

/** Returns the name of the topic that takes a pipeline's dead letters. */
export function deadLetterTopicName(pipeline: string): string {
  return `tm-${pipeline}-dead-letters`;
}

/** Returns the name of the topic that takes what a test asserts about. */
export function assertionsTopicName(pipeline: string): string {
  return `tm-${pipeline}-assertions`;
}

function slug(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "");
}
