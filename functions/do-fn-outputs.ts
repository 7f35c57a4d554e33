/**
 * DoFn outputs: where the outputs of a ParDo go, and what it can't reach.
 *
 * Owns: the shape of both, and the words for names that were not declared. Does not own: emitting
 * (do-fn-runner.ts, stateful/stateful-context.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";
import type { ParDoNode, StatefulParDoNode } from "../sdk/model/graph.ts";
import type { Receive } from "./shuffle.ts";
import { placeOf } from "./user-errors.ts";

/** Where a DoFn's outputs go. */
export interface DoFnOutputs {
  readonly main: Receive;
  readonly tagged: ReadonlyMap<string, Receive>;
}

type AnyParDo = ParDoNode | StatefulParDoNode;

/** Returns the error of an output that was not declared. */
export function unknownTag(node: AnyParDo, tag: string): MeshError {
  const known = node.tags.length === 0 ? "none" : node.tags.join(", ");
  return new MeshError(
    "ERR_USER_CODE",
    `${placeOf(node)}: it has no output "${tag}"; declared are: ${known}. Declare it in parDo(…, { outputs }).`,
  );
}

/** Returns the error of a side input that was not declared. */
export function noSideInputs(node: AnyParDo, name: string): MeshError {
  return new MeshError(
    "ERR_USER_CODE",
    `${placeOf(node)}: it has no side input "${name}". Declare it in parDo(…, { sideInputs }).`,
  );
}
