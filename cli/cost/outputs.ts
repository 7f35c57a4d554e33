/**
 * Outputs: where each stage's elements go, as far as it costs something.
 *
 * Owns: counting edges and sinks by kind. A plan does not tell the kind of a sink, the graph does.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { PipelineGraph } from "../../sdk/model/graph.ts";

/** How many of each kind a stage has; an element goes to all of them. */
export interface Outputs {
  readonly count: number;
  /** Sinks that write a document for each element. */
  readonly documents: number;
  /** Sinks that publish a message for each element. */
  readonly messages: number;
}

/** Returns the outputs of each stage. */
export function outputsOf(plan: MeshPlan, { nodes }: PipelineGraph): ReadonlyMap<string, Outputs> {
  const sinks = new Map(
    nodes.flatMap((node) => (node.kind === "sink" ? [[node.id, node.sink.type] as const] : [])),
  );
  return new Map(
    plan.stages.map((stage) => {
      const types = stage.nodes.flatMap((id) => sinks.get(id) ?? []);
      const edges = plan.edges.filter(({ from }) => from === stage.id);
      return [
        stage.id,
        {
          count: edges.length + types.length,
          documents: types.filter((type) => type === "firestore").length,
          messages: types.filter((type) => type === "pubsub").length,
        },
      ];
    }),
  );
}
