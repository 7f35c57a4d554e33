/**
 * Assert: checks of the mesh's own invariants. What an author can cause has an error of its own.
 */
import { MeshError } from "./errors.ts";

/**
 * Checks one of the mesh's own invariants; it stays on in production.
 *
 * @throws ERR_INVARIANT, a fault in the mesh itself: the delivery is retried and nothing is lost
 */
export function assert(condition: boolean, words: string): asserts condition {
  if (!condition) throw new MeshError("ERR_INVARIANT", words);
}
