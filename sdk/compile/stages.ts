/**
 * Stages: cuts the graph where elements move between shards, and fuses what lies between.
 *
 * Owns: which node runs in which stage, the order of both, and the edges. Does not own: names
 * (names.ts), what a stage's plan says beside (compile.ts).
 *
 * S1. A stage is a root (a source or a shuffle) with everything that can be reached from it without
 *     crossing another shuffle. A transform behind a flatten may so run in several stages.
 * S2. Order is by depth (the longest way from a source), then by id. It is topological, and does not
 *     depend on the order in which the author applied things.
 * S3. Every stage that runs the input of a shuffle has an edge to it.
 */
import type { SourceSpec } from "../io/source-spec.ts";
import {
  type GraphNode,
  inputWindowing,
  isShuffle,
  type PipelineGraph,
  type ShuffleNode,
  sideInputsOf,
} from "../model/graph.ts";
import { countsElements } from "../windowing/trigger-spec.ts";
import type { EdgePlan, StageKind } from "./plan.ts";

/** One stage: its root and all that runs there, in order, root first. */
export interface Stage {
  readonly root: GraphNode;
  readonly nodes: readonly GraphNode[];
}

/** Returns the stages of a graph in topological order, without sources that nobody reads on. */
export function cutStages(graph: PipelineGraph): Stage[] {
  const consumers = consumersOf(graph);
  const inOrder = byDepthAndId(graph);
  return inOrder
    .filter((node) => isRoot(node) && isUsed(node, consumers))
    .map((root) => {
      const inside = reachable(root, consumers);
      return { root, nodes: inOrder.filter((node) => inside.has(node)) };
    });
}

/** Returns what begins the stage of this root. */
export function stageKind(root: GraphNode): StageKind {
  if (isShuffle(root)) return "shuffle";
  // Messages come by themselves; everything else is read.
  const isPushed = root.kind === "source" && pushed.has(root.source.type);
  return isPushed ? "ingest" : "read";
}

const pushed: ReadonlySet<SourceSpec["type"]> = new Set(["pubsub", "test"]);

/** An edge between stages that have no ids yet. */
export interface Edge {
  readonly from: Stage;
  readonly to: Stage;
  readonly producer: GraphNode;
  readonly lift: EdgePlan["lift"];
  readonly side: string | undefined;
}

/** Returns the edges between stages, by S3, in the order of the stages. */
export function cutEdges(stages: readonly Stage[]): Edge[] {
  return stages.flatMap((from) =>
    stages.flatMap((to) => (isShuffle(to.root) ? edgesBetween(from, to, to.root) : [])),
  );
}

function edgesBetween(from: Stage, to: Stage, shuffle: ShuffleNode): Edge[] {
  return shuffle.inputs.flatMap((producer, i) =>
    from.nodes.includes(producer)
      ? [{ from, to, producer, lift: liftOf(from, shuffle), side: sideOf(shuffle, i) }]
      : [],
  );
}

/** Name of the side input that a shuffle takes as its `i`th input; undefined for a main one. */
function sideOf(shuffle: ShuffleNode, i: number): string | undefined {
  return sideInputsOf(shuffle)[i - 1]?.name;
}

/**
 * How far a combine is lifted before its shuffle. Out of an ingest stage each element keeps the id
 * of its message until the shard has dropped duplicates, so a bundle can't be folded there; nor can
 * it where the trigger counts what comes.
 */
function liftOf(from: Stage, shuffle: ShuffleNode): EdgePlan["lift"] {
  if (shuffle.kind !== "combinePerKey") return "none";
  const isCounted = countsElements(inputWindowing(shuffle).trigger);
  return stageKind(from.root) === "ingest" || isCounted ? "element" : "bundle";
}

type Consumers = ReadonlyMap<GraphNode, readonly GraphNode[]>;

function consumersOf(graph: PipelineGraph): Consumers {
  const consumers = new Map<GraphNode, GraphNode[]>();
  for (const node of graph.nodes) consumers.set(node, []);
  for (const node of graph.nodes) {
    for (const input of node.inputs) consumers.get(input)?.push(node);
  }
  return consumers;
}

function isRoot(node: GraphNode): boolean {
  return node.kind === "source" || isShuffle(node);
}

function isUsed(node: GraphNode, consumers: Consumers): boolean {
  return node.kind !== "source" || (consumers.get(node) ?? []).length > 0;
}

function reachable(root: GraphNode, consumers: Consumers): Set<GraphNode> {
  const inside = new Set([root]);
  // A Set is walked in the order of insertion, and so also what is added on the way.
  for (const node of inside) {
    for (const next of consumers.get(node) ?? []) {
      if (!isShuffle(next)) inside.add(next);
    }
  }
  return inside;
}

function byDepthAndId(graph: PipelineGraph): GraphNode[] {
  const depths = new Map<GraphNode, number>();
  for (const node of graph.nodes) {
    depths.set(node, Math.max(0, ...node.inputs.map((input) => (depths.get(input) ?? 0) + 1)));
  }
  const depth = (node: GraphNode): number => depths.get(node) ?? 0;
  return [...graph.nodes].sort((a, b) => depth(a) - depth(b) || (a.id < b.id ? -1 : 1));
}
