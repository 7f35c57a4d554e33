/**
 * MeshPlan: the compiled pipeline as plain JSON, the one contract that other folders read.
 *
 * Owns: the shape of a plan. Does not own: how it is made (compile.ts) or run (functions/).
 *
 * P1. A plan is plain JSON; functions are found by node id in the graph, rebuilt from the module.
 * P2. Stages stand in topological order: every edge goes from an earlier to a later stage.
 */

import type { WatermarkPolicy } from "../io/source-spec.ts";
import type { NodeId, ShuffleNode } from "../model/graph.ts";
import type { WindowingStrategy } from "../windowing/windowing-strategy.ts";
import type { StageSignature } from "./fingerprint.ts";

/** What begins a stage: messages from outside, splits of a source, or a shuffle. */
export type StageKind = "ingest" | "read" | "shuffle";

/** The connectors whose code a stage's bundle must hold. */
export type ConnectorName = "create" | "pubsub" | "file" | "firestore" | "test" | "assert";

/** The unbounded source of an ingest stage. */
export interface IngestPlan {
  /** External topic (to subscribe to), or undefined if `subscription` exists already. */
  readonly topic: string | undefined;
  /** The push subscription that feeds the stage. */
  readonly subscription: string;
  /** Topic (also the name of its push subscription) that brings dead letters back to the stage. */
  readonly replay: string;
  readonly watermark: WatermarkPolicy;
}

/** The author's splittable read that begins a stage. */
export interface ReadPlan {
  readonly bounded: boolean;
  /** A drain cuts it short, so that its shards must be told of it. */
  readonly truncates: boolean;
}

/** How the shuffle that begins a stage treats its elements. */
export interface ShufflePlan {
  readonly kind: ShuffleNode["kind"];
  /** Windowing of the shuffle's input, which decides panes and lateness; without functions. */
  readonly windowing: WindowingStrategy;
}

/** One stage: one Cloud Function. */
export interface StagePlan {
  /** Stable: readable name plus a short hash of the root's id. At most 40 of [a-z0-9-]. */
  readonly id: string;
  readonly kind: StageKind;
  /** What the author sees of the transform that begins the stage: its path of names. */
  readonly name: string;
  /** The node that begins the stage. */
  readonly root: NodeId;
  /** All nodes that run here, root first, producers before consumers, sinks included. */
  readonly nodes: readonly NodeId[];
  /** Why the graph was cut here, for people. */
  readonly why: string;
  /** Shards of the stage; 0 for an ingest stage, which has none. */
  readonly shards: number;
  /** Mailbox topic (also the name of its push subscription); undefined for an ingest stage. */
  readonly mailbox: string | undefined;
  readonly ingest: IngestPlan | undefined;
  /** Undefined for sources that are read in full whatever happens: `create` and files. */
  readonly read: ReadPlan | undefined;
  readonly shuffle: ShufflePlan | undefined;
  readonly connectors: readonly ConnectorName[];
  /** What its state depends on, and an update must not change: coders, windowing, combine, key. */
  readonly signature: StageSignature;
  /** Hash of the signature. */
  readonly fingerprint: string;
}

/** Elements that go from one stage to the shuffle that begins another. */
export interface EdgePlan {
  /** Producing stage. */
  readonly from: string;
  /** Consuming stage; its root is the shuffle. */
  readonly to: string;
  /** Node whose output crosses the edge: the input of the shuffle. */
  readonly producer: NodeId;
  /** Whether combiners fold a whole bundle before the shuffle, or only turn elements into accumulators. */
  readonly lift: "bundle" | "element" | "none";
  /** Name of the side input that crosses the edge, to every shard; undefined: the main input. */
  readonly side: string | undefined;
}

/** A compiled pipeline. */
export interface MeshPlan {
  readonly version: 1;
  readonly pipeline: string;
  /** Hash over everything below: messages and bundles of another plan are refused. */
  readonly hash: string;
  readonly stages: readonly StagePlan[];
  readonly edges: readonly EdgePlan[];
  /** Topic that takes elements which can't be processed. */
  readonly deadLetterTopic: string;
}

/** What a user may decide when compiling. */
export interface CompileOptions {
  /** Shards of each stage; default 4. */
  readonly shards?: number;
}
