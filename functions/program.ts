/**
 * Program: one stage's part of the graph, found by the plan's ids.
 *
 * Owns: the way from a plan's stage back to the nodes of the rebuilt graph. Does not own: running
 * them (chain.ts).
 *
 * G3. A function runs only the plan that it was compiled with: an id that the graph lacks means
 *     that the module and the plan differ, and nothing runs.
 */
import type { EdgePlan, MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { GraphNode, NodeId, PipelineGraph, ShuffleNode } from "../sdk/model/graph.ts";
import { isShuffle } from "../sdk/model/graph.ts";

/** One stage of a plan with its nodes. */
export interface Program {
  readonly plan: MeshPlan;
  readonly stage: StagePlan;
  readonly root: GraphNode;
  /** Nodes that take this node's output within the stage: element-wise ones and sinks. */
  readonly consumers: (id: NodeId) => readonly GraphNode[];
  /** Shuffles outside that take this node's output, with the stage that each begins. */
  readonly shuffles: (id: NodeId) => readonly ShuffleTarget[];
  /** Mailbox topic of a stage with shards. */
  readonly mailboxOf: (stage: string) => string;
}

/** A shuffle that a stage feeds. */
export interface ShuffleTarget {
  readonly node: ShuffleNode;
  readonly stage: StagePlan;
  readonly lift: EdgePlan["lift"];
  /** Name of the side input that the elements are; undefined: the main input. */
  readonly side: string | undefined;
}

/**
 * Returns the program of a stage.
 *
 * @throws ERR_PLAN_MISMATCH if the graph lacks a node of the plan
 */
export function programOf(graph: PipelineGraph, plan: MeshPlan, stageId: string): Program {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const find = (id: NodeId): GraphNode => {
    const node = byId.get(id);
    if (node !== undefined) return node;
    throw new MeshError(
      "ERR_PLAN_MISMATCH",
      `Pipeline ${plan.pipeline} has no transform "${id}", which its plan names. ` +
        "Building the graph must be deterministic: no random names, no order that changes.",
    );
  };
  const stage = plan.stages.find((s) => s.id === stageId);
  if (stage === undefined) {
    throw new MeshError("ERR_PLAN_MISMATCH", `The plan has no stage "${stageId}".`);
  }
  const nodes = stage.nodes.map(find);
  const targets = plan.edges
    .filter((edge) => edge.from === stageId)
    .map((edge) => ({ edge, target: shuffleTarget(plan, edge, find) }));
  return {
    plan,
    stage,
    root: find(stage.root),
    // A flatten may take one node twice: it then gets every element twice.
    consumers: (id) =>
      nodes.flatMap((node) =>
        node.id === stage.root ? [] : node.inputs.filter((i) => i.id === id).map(() => node),
      ),
    shuffles: (id) => targets.filter((t) => t.edge.producer === id).map((t) => t.target),
    mailboxOf: (id) => mailboxOf(plan, id),
  };
}

/**
 * Returns the mailbox topic of a stage with shards.
 *
 * @throws ERR_PLAN_MISMATCH if the plan has no such stage
 */
export function mailboxOf(plan: MeshPlan, stageId: string): string {
  const mailbox = plan.stages.find((stage) => stage.id === stageId)?.mailbox;
  if (mailbox !== undefined) return mailbox;
  throw new MeshError("ERR_PLAN_MISMATCH", `The plan has no mailbox for stage "${stageId}".`);
}

function shuffleTarget(
  plan: MeshPlan,
  { to: stageId, lift, side }: EdgePlan,
  find: (id: NodeId) => GraphNode,
): ShuffleTarget {
  const stage = plan.stages.find((s) => s.id === stageId);
  const node = stage === undefined ? undefined : find(stage.root);
  if (stage === undefined || node === undefined || !isShuffle(node)) {
    throw new MeshError("ERR_PLAN_MISMATCH", `Stage "${stageId}" does not begin with a shuffle.`);
  }
  return { node, stage, lift, side };
}
