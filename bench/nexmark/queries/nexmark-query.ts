/**
 * Nexmark query: what the runner must know of one.
 *
 * Owns: the shape of a query. Does not own: the queries (one a file) and how they are run.
 */
import type { PCollection } from "tidemark";
import type { EngineOptions } from "../../../functions/options.ts";
import type { NexmarkConfiguration } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";

/** Whether the events have an end, or are ended by a drain. */
export type NexmarkMode = "batch" | "streaming";

/** What a query may look at while it is built. */
export interface QuerySettings extends NexmarkConfiguration {
  readonly mode: NexmarkMode;
  /** Where query 10 writes its logs. */
  readonly logFolder: string;
}

/** One query. */
export interface NexmarkQuery {
  readonly query: number;
  /** As Beam calls it. */
  readonly name: string;
  /** Events of a run that doesn't say how many. */
  readonly events: number;
  /** Applies the query's transforms. */
  readonly build: (
    events: PCollection<NexmarkEvent>,
    settings: QuerySettings,
  ) => PCollection<object>;
  /** What its results need of the engine in a streaming run, beside the defaults. */
  readonly streamingEngine?: Partial<EngineOptions>;
}
