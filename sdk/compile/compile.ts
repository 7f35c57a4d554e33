/**
 * Compile: a built pipeline → its MeshPlan.
 *
 * Owns: the steps and their order: validate, cut, name, hash. Does not own: any of them.
 *
 * C1. The plan is a function of the graph and the options: no clock, no random, no place in a file.
 *     The same pipeline gives the same hash in every process and on every machine.
 */
import type { SourceSpec } from "../io/source-spec.ts";
import { assert } from "../model/assert.ts";
import { MeshError } from "../model/errors.ts";
import { type GraphNode, isShuffle, splittableOf } from "../model/graph.ts";
import type { Pipeline } from "../pipeline.ts";
import { plainWindowing } from "../windowing/windowing-strategy.ts";
import { hashOf, signatureOf } from "./fingerprint.ts";
import { deadLetterTopicName, replayTopicName, stageId, topicName } from "./names.ts";
import type {
  CompileOptions,
  ConnectorName,
  EdgePlan,
  IngestPlan,
  MeshPlan,
  ReadPlan,
  ShufflePlan,
  StagePlan,
} from "./plan.ts";
import { cutEdges, cutStages, type Stage, stageKind } from "./stages.ts";
import { validate, validateStages } from "./validate.ts";

const shardsDefault = 4;
const shardsMax = 1_024;

/**
 * Returns the plan of a pipeline: its stages, each one Cloud Function, and the edges between them.
 *
 * @param pipeline - what `pipeline()` returned
 * @param options - `shards`: of each stage that has any, 1 to 1024; 4 where left out
 * @throws ERR_PIPELINE if the pipeline can't run, with the transform and its place
 * @throws ERR_UNSUPPORTED if it asks for something that the mesh does not run
 * @throws ERR_OPTION if `shards` is no such number
 * @example const plan = compile(flights, { shards: 16 })
 */
export function compile(pipeline: Pipeline, options: CompileOptions = {}): MeshPlan {
  const shards = options.shards ?? shardsDefault;
  if (!Number.isInteger(shards) || shards < 1 || shards > shardsMax) {
    throw new MeshError("ERR_OPTION", `shards: give 1 to ${shardsMax}, not ${shards}.`);
  }
  validate(pipeline.graph);
  const cut = cutStages(pipeline.graph);
  validateStages(cut);
  const stages = cut.map((stage) => planStage(pipeline.name, stage, shards));
  assert(new Set(stages.map(({ id }) => id)).size === stages.length, "two stages have one id");
  const content: Omit<MeshPlan, "hash"> = {
    version: 1,
    pipeline: pipeline.name,
    stages,
    edges: planEdges(cut),
    deadLetterTopic: deadLetterTopicName(pipeline.name),
  };
  return { ...content, hash: hashOf(content) };
}

function planStage(pipeline: string, { root, nodes }: Stage, shards: number): StagePlan {
  const id = stageId(root);
  const kind = stageKind(root);
  const signature = signatureOf(root);
  const ownShards = kind === "ingest" ? 0 : shards;
  return {
    id,
    kind,
    name: root.name,
    root: root.id,
    nodes: nodes.map((node) => node.id),
    why: why(root),
    shards: ownShards,
    mailbox: kind === "ingest" ? undefined : topicName(pipeline, id),
    ingest: planIngest(root, topicName(pipeline, id), replayTopicName(pipeline, id)),
    read: planRead(root),
    shuffle: planShuffle(root),
    connectors: connectorsOf(nodes),
    signature,
    fingerprint: hashOf(signature),
  };
}

function planIngest(
  root: GraphNode,
  ownSubscription: string,
  replay: string,
): IngestPlan | undefined {
  if (root.kind !== "source") return undefined;
  if (root.source.type === "test") {
    const watermark = { kind: "manual", idleAfterMs: undefined } as const;
    return { topic: ownSubscription, subscription: ownSubscription, replay, watermark };
  }
  if (root.source.type !== "pubsub") return undefined;
  const { topic, subscription, watermark } = root.source;
  return { topic, subscription: subscription ?? ownSubscription, replay, watermark };
}

function planRead(root: GraphNode): ReadPlan | undefined {
  const fn = splittableOf(root);
  if (fn === undefined) return undefined;
  return { bounded: fn.bounded, truncates: !fn.bounded || fn.truncate !== undefined };
}

function planShuffle(root: GraphNode): ShufflePlan | undefined {
  const [input] = root.inputs;
  if (!isShuffle(root) || input === undefined) return undefined;
  return { kind: root.kind, windowing: plainWindowing(input.windowing) };
}

function connectorsOf(nodes: readonly GraphNode[]): ConnectorName[] {
  const names = nodes.flatMap((node): ConnectorName[] => {
    if (node.kind === "source") return connectorOf(node.source);
    return node.kind === "sink" ? [node.sink.type] : [];
  });
  return [...new Set(names)].sort();
}

/** A splittable read stands in the author's module: no connector reads it. */
function connectorOf({ type }: SourceSpec): ConnectorName[] {
  return type === "splittable" ? [] : [type];
}

function planEdges(cut: readonly Stage[]): EdgePlan[] {
  return cutEdges(cut).map(({ from, to, producer, lift, side }) => ({
    from: stageId(from.root),
    to: stageId(to.root),
    producer: producer.id,
    lift,
    side,
  }));
}

function why(root: GraphNode): string {
  switch (root.kind) {
    case "source":
      return whySource(root.source);
    case "groupByKey":
      return "Elements with equal keys must meet: groupByKey moves them to the shard of their key.";
    case "readEach":
      return "Each element is read by itself: readEach spreads them, and the parts of each, over shards.";
    case "combinePerKey":
      return "Elements with equal keys must meet: combinePerKey moves what is folded so far to the shard of its key.";
    case "statefulParDo":
      return "State and timers belong to a key: the DoFn's elements move to the shard of their key.";
    case "awaitSideInputs":
      return "Elements wait for the side inputs of their window, and shards keep both.";
    default:
      return root.name.endsWith("reshuffle before files")
        ? "Files are written by shards, and a stage that takes messages from outside has none."
        : "The author asked for it: reshuffle stores the elements and spreads them over shards.";
  }
}

function whySource(source: SourceSpec): string {
  if (source.type === "create") return "Elements of the pipeline itself begin here.";
  if (source.type === "file") return "Elements come in from files, split by split.";
  if (source.type === "splittable") return "A splittable read begins here, part by part.";
  if (source.type === "test") return "A test's script says what comes in, and when.";
  return "Messages come in from outside, pushed by Pub/Sub.";
}
