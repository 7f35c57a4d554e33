/**
 * Life: one instance of a stage or of the tracker, from its start to its end.
 *
 * Owns: what an instance is to the simulated world. Does not own: who starts and ends it (lives.ts).
 */
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";

/** What an instance runs. */
export interface Handler {
  deliver(message: SourceMessage): Promise<void>;
  /** Takes back a dead letter; only stages of sources do. */
  replay?(message: SourceMessage): Promise<void>;
}

/** One instance. */
export interface Life {
  /** The stage, or `tracker`, and the number of the instance. */
  readonly name: string;
  readonly stage: string;
  /** The plan whose code it runs. */
  readonly plan: MeshPlan;
  /** Added to the true time wherever the instance looks at its clock, in ms. */
  readonly skewMs: number;
  handler: Handler | undefined;
  /** It has crashed: nothing under way of it does anything any more. */
  isOver: boolean;
  /** Faults that have hit its calls, and races that it lost to another instance. */
  disturbances: number;
  /** Calls after which it ends by itself; undefined: it does not. */
  callsLeft: number | undefined;
  /** None of its own calls fails or is slow; the rest of the world still may be. */
  isSpared: boolean;
  /** Ends the deliveries that are out, should the instance crash. */
  readonly out: Set<(error: unknown) => void>;
}
