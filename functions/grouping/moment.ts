/**
 * Moment: what a shard knows of time while it runs.
 */
import type { Timestamp } from "../../sdk/model/time.ts";

/** Watermarks of the stage as the shard knows them. */
export type Watermarks = readonly [input: Timestamp, output: Timestamp];

/** What a shard knows of time while it runs. */
export interface Moment {
  readonly watermarks: Watermarks;
  /** Processing time. */
  readonly nowMs: number;
  /** Processing time of which nothing more comes; -∞ where that is not known. */
  readonly synchronizedMs: number;
}
