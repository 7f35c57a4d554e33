/**
 * Register: the document that an ingest instance writes before it publishes.
 *
 * Owns: what a register says. Does not own: when it is written (ingest.ts) and when it is removed
 * (tracker.ts).
 *
 * J1. A register is written before the bundles that it plans are published, so that the elements
 *     are protected from the moment the mesh first touches them (W3).
 * J2. A bundle is confirmed before its messages are acknowledged: an unconfirmed register may be
 *     dropped after a while, for its messages come again.
 */
import type { Timestamp } from "../sdk/model/time.ts";
import type { UserMetrics } from "./metrics/values.ts";
import type { WorkJson } from "./metrics/work.ts";

/** A bundle that an ingest instance plans to publish. */
export type PlannedSend = readonly [
  stage: string,
  shard: number,
  sequence: number,
  minTime: Timestamp,
];

/** What the source watermark policy sees of one group commit. */
export interface Observation {
  readonly minTime: Timestamp;
  readonly maxTime: Timestamp;
  /** What a test stream says of its watermark. */
  readonly told?: Timestamp;
}

/** What an ingest stage counts. */
export interface IngestMetrics {
  readonly messages: number;
  readonly elementsOut: number;
  readonly deadLetters: number;
  /** What user code counted; left out where it counted nothing. */
  readonly user?: UserMetrics;
  /** What the engine counts besides; older registers lack it. */
  readonly work?: WorkJson;
}

/** The document of one group commit. */
export interface Register {
  readonly stage: string;
  /** The plan that its instance runs; left out: the job's own. */
  readonly plan?: string;
  readonly producer: string;
  /** Counts the group commits of this producer, from 0. */
  readonly index: number;
  /** All of this producer's group commits up to this one are published; -1: none. */
  readonly confirmed: number;
  readonly sends: readonly PlannedSend[];
  /** Undefined if no message of the group could be decoded. */
  readonly observed: Observation | undefined;
  readonly metrics: IngestMetrics;
  /** Processing time, in ms. */
  readonly atMs: number;
}

/** Returns the id of a register's document, in which no "/" may stand. */
export function registerId(register: Pick<Register, "producer" | "index">): string {
  return `${register.producer.replaceAll("/", ".")}-${register.index}`;
}

/** Reads a register back. */
export function decodeRegister(text: string): Register {
  return JSON.parse(text) as Register;
}
