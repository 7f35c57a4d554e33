/**
 * User errors: what a transform's own code threw, with the transform's name and place.
 *
 * The innermost transform that an error passes is the one that threw it: those before it in a fused
 * chain see it go by.
 */
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { GraphNode } from "../sdk/model/graph.ts";
import { formatTimestamp, type Timestamp } from "../sdk/model/time.ts";

/** Returns where a transform stands: `name (file:line)`. */
export function placeOf(node: GraphNode): string {
  if (node.place === undefined) return node.name;
  return `${node.name} (${node.place.file}:${node.place.line})`;
}

/** Where errors were thrown. */
const transforms = new WeakMap<MeshError, string>();

/** Returns the transform that threw an error, `name (file:line)`; `node` where none was noted. */
export function transformOf(error: unknown, node: GraphNode): string {
  return notedTransform(error) ?? placeOf(node);
}

/** Returns the same; undefined where none was noted. */
export function notedTransform(error: unknown): string | undefined {
  return isMeshError(error) ? transforms.get(error) : undefined;
}

/** Returns what user code threw as ERR_USER_CODE; a MeshError stays as it is. */
export function userError(node: GraphNode, cause: unknown): MeshError {
  if (isMeshError(cause)) return noted(cause, node);
  const words = cause instanceof Error ? cause.message : String(cause);
  const error = new MeshError("ERR_USER_CODE", `${placeOf(node)}: ${words}`, { cause });
  return noted(error, node);
}

/** Returns what a setup or startBundle threw: no element is to blame. */
export function bundleError(node: GraphNode, cause: unknown): MeshError {
  const { message } = userError(node, cause);
  const words = `${message} (before any element)`;
  return noted(new MeshError("ERR_UNAVAILABLE", words, { cause }), node);
}

/** Returns what came up before a shuffle, with the shuffle's name: coders don't know where they are. */
export function shuffleError(node: GraphNode, cause: unknown): MeshError {
  if (!isMeshError(cause)) return userError(node, cause);
  const error = new MeshError(cause.code, `${placeOf(node)}: ${cause.message}`, { cause });
  return noted(error, node);
}

function noted(error: MeshError, node: GraphNode): MeshError {
  if (!transforms.has(error)) transforms.set(error, placeOf(node));
  return error;
}

/** Returns the error of an output that lies before its input. */
export function timestampError(node: GraphNode, output: Timestamp, input: Timestamp): MeshError {
  const error = new MeshError(
    "ERR_TIMESTAMP",
    `${placeOf(node)}: an output at ${formatTimestamp(output)} lies before its input at ` +
      `${formatTimestamp(input)}; the watermark may have passed it. Emit at the input's time or later.`,
  );
  return noted(error, node);
}
