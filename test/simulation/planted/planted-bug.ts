/**
 * Planted bug: a world, or an engine's setting, that breaks one rule on purpose.
 *
 * A checker that never speaks proves nothing; each bug names the one that must.
 */
import type { Breaking } from "../world/simulated-mesh.ts";

/** A rule broken on purpose. */
export interface PlantedBug {
  readonly name: string;
  /** The checker that must notice. */
  readonly caughtBy: string;
  /** The workload in which the rule matters. */
  readonly workload: string;
  /** Breaks the world of one run. */
  readonly breaking: () => Breaking;
}
