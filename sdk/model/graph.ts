/**
 * The pipeline graph: what the author applied, as frozen nodes.
 *
 * Owns: the kinds of node and what each carries, functions included. Does not own: how nodes are
 * made (pcollection.ts, transforms/) or cut into stages (compile/).
 *
 * G1. A node is frozen and knows its inputs; the graph has no cycle by construction.
 * G2. Building is deterministic: the same module gives the same ids in every process, for a
 *     function rebuilds the graph and looks its nodes up by id.
 */
import type { Coder } from "../coders/coder.ts";
import type { SinkSpec } from "../io/sink-spec.ts";
import type { SourceSpec } from "../io/source-spec.ts";
import type { AnySplittable } from "../io/splittable/splittable.ts";
import type { StatefulDoFn } from "../state/stateful-do-fn.ts";
import type { CombineFn } from "../transforms/combine-fn.ts";
import type { DoFn } from "../transforms/do-fn.ts";
import type { NamedSideInput } from "../transforms/side-input.ts";
import type { WindowingStrategy } from "../windowing/windowing-strategy.ts";
import type { KV } from "./kv.ts";

/** A stable id: the same for the same place in the pipeline, whatever is added elsewhere. */
export type NodeId = string;

/** Where in the user's files a transform was applied. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface NodeBase {
  readonly id: NodeId;
  /** What the author sees: the path of names, `Daily/combinePerKey`. */
  readonly name: string;
  readonly place: Place | undefined;
  readonly inputs: readonly GraphNode[];
  /** Windowing of the node's output. */
  readonly windowing: WindowingStrategy;
  /** Whether the output ends by itself. */
  readonly bounded: boolean;
}

/** Reads elements from outside, or from the pipeline's own text (`create`). */
export interface SourceNode extends NodeBase {
  readonly kind: "source";
  readonly source: SourceSpec;
}

/** One output for each element. */
export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly fn: (element: unknown) => unknown;
}

/** Any number of outputs for each element. */
export interface FlatMapNode extends NodeBase {
  readonly kind: "flatMap";
  readonly fn: (element: unknown) => Iterable<unknown>;
}

/** The elements for which the predicate holds. */
export interface FilterNode extends NodeBase {
  readonly kind: "filter";
  readonly fn: (element: unknown) => boolean;
}

/** A DoFn with its life cycle. */
export interface ParDoNode extends NodeBase {
  readonly kind: "parDo";
  readonly fn: DoFn<unknown, unknown>;
  /** Names of its outputs, each a `taggedOutput` node; none: the node itself is its output. */
  readonly tags: readonly string[];
  /** What it reads beside its input, which an `awaitSideInputs` node before it has waited for. */
  readonly sideInputs: readonly NamedSideInput[];
}

/** What a ParDo emits to one of its tags. */
export interface TaggedOutputNode extends NodeBase {
  readonly kind: "taggedOutput";
  readonly tag: string;
}

/** Assigns windows; `windowing` of this node says which. */
export interface WindowIntoNode extends NodeBase {
  readonly kind: "windowInto";
}

/** The union of several PCollections. */
export interface FlattenNode extends NodeBase {
  readonly kind: "flatten";
}

/** KV<K, V> → KV<K, V[]>, by key and window. */
export interface GroupByKeyNode extends NodeBase {
  readonly kind: "groupByKey";
  readonly keyCoder: Coder<unknown>;
  readonly valueCoder: Coder<unknown>;
}

/** KV<K, I> → KV<K, O>, by key and window. */
export interface CombinePerKeyNode extends NodeBase {
  readonly kind: "combinePerKey";
  readonly fn: CombineFn<unknown, unknown, unknown>;
  readonly keyCoder: Coder<unknown>;
  readonly accumulatorCoder: Coder<unknown>;
}

/** The same elements, through the mesh once: durable, deduplicated, spread over shards. */
export interface ReshuffleNode extends NodeBase {
  readonly kind: "reshuffle";
  readonly valueCoder: Coder<unknown>;
}

/** A splittable read of each element, which is moved to some shard first. */
export interface ReadEachNode extends NodeBase {
  readonly kind: "readEach";
  readonly fn: AnySplittable;
  readonly valueCoder: Coder<unknown>;
}

/**
 * A DoFn with state and timers for each key and window. Its first input is the main one, the others
 * are the views of `sideInputs`, in their order.
 */
export interface StatefulParDoNode extends NodeBase {
  readonly kind: "statefulParDo";
  readonly tags: readonly string[];
  readonly sideInputs: readonly NamedSideInput[];
  readonly fn: StatefulDoFn<AnyKV, unknown>;
  readonly keyCoder: Coder<unknown>;
  readonly valueCoder: Coder<unknown>;
}

/**
 * The same elements, each as soon as the side inputs of its window are ready. Its first input is the
 * main one, the others are the views of `sideInputs`, in their order.
 */
export interface AwaitSideInputsNode extends NodeBase {
  readonly kind: "awaitSideInputs";
  readonly sideInputs: readonly NamedSideInput[];
  readonly valueCoder: Coder<unknown>;
}

/** Writes elements outside. */
export interface SinkNode extends NodeBase {
  readonly kind: "sink";
  readonly sink: SinkSpec<unknown>;
}

/** A transform that moves elements between shards, and so begins a stage. */
export type ShuffleNode =
  | GroupByKeyNode
  | CombinePerKeyNode
  | ReshuffleNode
  | AwaitSideInputsNode
  | ReadEachNode
  | StatefulParDoNode;

/** A transform that runs where its input is. */
export type ElementWiseNode =
  | MapNode
  | FlatMapNode
  | FilterNode
  | ParDoNode
  | TaggedOutputNode
  | WindowIntoNode
  | FlattenNode;

/** Any node of the graph. */
export type GraphNode = SourceNode | ElementWiseNode | ShuffleNode | SinkNode;

/** A whole pipeline: its name and its nodes, producers before consumers. */
export interface PipelineGraph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
}

/** Returns the author's splittable read that a node is; undefined if it is none. */
export function splittableOf(node: GraphNode): AnySplittable | undefined {
  if (node.kind === "readEach") return node.fn;
  return node.kind === "source" && node.source.type === "splittable" ? node.source.fn : undefined;
}

const shuffleKinds: ReadonlySet<GraphNode["kind"]> = new Set<ShuffleNode["kind"]>([
  "groupByKey",
  "combinePerKey",
  "reshuffle",
  "awaitSideInputs",
  "readEach",
  "statefulParDo",
]);
/** Returns the side inputs that a shuffle waits for. */
export function sideInputsOf(node: ShuffleNode): readonly NamedSideInput[] {
  return "sideInputs" in node ? node.sideInputs : [];
}

/** Returns the windowing of what a shuffle takes: all its inputs are windowed alike. */
export function inputWindowing(node: ShuffleNode): WindowingStrategy {
  return node.inputs[0]?.windowing ?? node.windowing;
}

/** Returns whether a node runs on messages from outside, before their first shuffle. */
export function runsInIngest(node: GraphNode): boolean {
  if (node.kind === "source") return !node.bounded;
  return !isShuffle(node) && node.inputs.some(runsInIngest);
}

/** Returns whether a node begins a stage because elements move between shards there. */
export function isShuffle(node: GraphNode): node is ShuffleNode {
  return shuffleKinds.has(node.kind);
}

/** The element type that shuffles take. */
export type AnyKV = KV<unknown, unknown>;
