/**
 * User errors: what a transform's own code threw, with the transform's name and place.
 */
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { GraphNode } from "../sdk/model/graph.ts";
import { formatTimestamp, type Timestamp } from "../sdk/model/time.ts";

/** Where the transform stands that an error names. */
const transforms = new WeakMap<MeshError, string>();

/** Returns the name and place of the transform that an error names; undefined if it names none. */
export function transformOf(error: unknown): string | undefined {
  return isMeshError(error) ? transforms.get(error) : undefined;
}

function named(node: GraphNode, error: MeshError): MeshError {
  transforms.set(error, placeOf(node));
  return error;
}

/** Returns where a transform stands: `name (file:line)`. */
export function placeOf(node: GraphNode): string {
  if (node.place === undefined) return node.name;
  return `${node.name} (${node.place.file}:${node.place.line})`;
}

/** Returns what user code threw as ERR_USER_CODE; a MeshError stays as it is. */
export function userError(node: GraphNode, cause: unknown): MeshError {
  if (isMeshError(cause)) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  return named(node, new MeshError("ERR_USER_CODE", `${placeOf(node)}: ${words}`, { cause }));
}

/** Returns what a setup or startBundle threw: no element is to blame. */
export function bundleError(node: GraphNode, cause: unknown): MeshError {
  const { message } = userError(node, cause);
  const words = `${message} (before any element)`;
  return named(node, new MeshError("ERR_UNAVAILABLE", words, { cause }));
}

/** Returns what came up before a shuffle, with the shuffle's name: coders don't know where they are. */
export function shuffleError(node: GraphNode, cause: unknown): MeshError {
  if (!isMeshError(cause)) return userError(node, cause);
  return named(node, new MeshError(cause.code, `${placeOf(node)}: ${cause.message}`, { cause }));
}

/** Returns the error of an output that lies before its input. */
export function timestampError(node: GraphNode, output: Timestamp, input: Timestamp): MeshError {
  const error = new MeshError(
    "ERR_TIMESTAMP",
    `${placeOf(node)}: an output at ${formatTimestamp(output)} lies before its input at ` +
      `${formatTimestamp(input)}; the watermark may have passed it. Emit at the input's time or later.`,
  );
  return named(node, error);
}
