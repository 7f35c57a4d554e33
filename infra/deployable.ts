/**
 * Deployable: what a pipeline may not have if it is to run in the cloud.
 *
 * Owns: the refusal. A Cloud Function has no disk that others see or that outlives it, so files of
 * this machine can be neither read nor written there; and what a test reads or asserts has no place
 * in a deployed job.
 */
import { MeshError } from "../sdk/model/errors.ts";
import type { GraphNode, PipelineGraph } from "../sdk/model/graph.ts";

/** @throws ERR_UNSUPPORTED with every transform that can't run in the cloud, and what to do */
export function requireDeployable(pipeline: string, { nodes }: PipelineGraph): void {
  const faults = nodes.flatMap((node) => {
    const fault = faultOf(node);
    return fault === undefined ? [] : [`  ${node.name}${placeOf(node)}: ${fault}`];
  });
  if (faults.length === 0) return;
  throw new MeshError(
    "ERR_UNSUPPORTED",
    `Pipeline ${pipeline} can't run in Cloud Functions:\n${faults.join("\n")}`,
  );
}

function faultOf(node: GraphNode): string | undefined {
  if (node.kind === "source") {
    const { source } = node;
    if (source.type === "file") {
      return `it reads ${source.path} from the disk of this machine. Read a topic instead, or the lines from within the pipeline (create, or a splittable read).`;
    }
    if (source.type === "test") return "a test stream plays in tests alone.";
  }
  if (node.kind === "sink") {
    const { sink } = node;
    if (sink.type === "file") {
      return `it writes files ${sink.prefix}… to a disk that ends with the instance. Write to Firestore or to a topic instead.`;
    }
    if (sink.type === "assert") return "an assertion is of tests alone.";
  }
  return undefined;
}

function placeOf({ place }: GraphNode): string {
  return place === undefined ? "" : ` (${place.file}:${place.line})`;
}
