/**
 * Model case: one thing that the Beam model promises, as a pipeline that asserts it.
 *
 * The same cases run in the memory world and on the embedded services; docs/capabilities.md names
 * the case that shows each capability.
 */
import type { Root } from "../../../sdk/index.ts";

/** One promise of the model, with its pipeline. */
export interface ModelCase {
  /** Unique among all cases. */
  readonly name: string;
  /** Builds the pipeline, with its assertions. */
  readonly build: (p: Root) => void;
  /** Dead letters that must come of it; none where left out. */
  readonly deadLetters?: number;
}
