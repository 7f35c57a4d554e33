/**
 * Update options: how a mesh here is updated.
 */
import type { UpdateOptions } from "../sdk/compile/compatibility.ts";
import type { CompileOptions } from "../sdk/compile/plan.ts";

/** How a mesh is updated. */
export interface MeshUpdateOptions extends UpdateOptions {
  /** As before where left out. */
  readonly compile?: CompileOptions;
  /** How long the mesh may take to come to rest, in ms. */
  readonly timeoutMs?: number;
}

/** How long a mesh may take to come to rest where nothing else is said, in ms. */
export const REST_MS_MAX: number = 60_000;
