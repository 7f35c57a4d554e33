/**
 * Bundle outputs: what one run of a stage's transforms gave, before anything is committed.
 *
 * Owns: the collections that sinks and shuffles fill. Does not own: numbering and sending.
 */
import type { AfterCommit } from "../sdk/transforms/bundle-finalizer.ts";
import type { Bundle } from "./bundle-builder.ts";
import type { SinkDocument } from "./ports.ts";

/** A message of a Pub/Sub sink, before it has its id. */
export interface SinkMessage {
  readonly topic: string;
  readonly key: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Id that follows from the source message, in a stage without shards. */
  readonly id: string | undefined;
}

/** Lines of a file sink, in the order of the elements. */
export interface SinkLines {
  readonly node: string;
  readonly prefix: string;
  readonly extension: string;
  readonly header: string | undefined;
  readonly lines: readonly string[];
}

/** What one run of a stage's transforms gave. */
export interface BundleOutputs {
  readonly bundles: readonly Bundle[];
  readonly documents: readonly SinkDocument[];
  readonly messages: readonly SinkMessage[];
  readonly files: readonly SinkLines[];
  /** Elements that left the stage, to shuffles and sinks. */
  readonly elements: number;
  /** To be called when all this is durable. */
  readonly finalizers: readonly AfterCommit[];
}

/** Nothing. */
export const NO_OUTPUTS: BundleOutputs = Object.freeze({
  bundles: [],
  documents: [],
  messages: [],
  files: [],
  elements: 0,
  finalizers: [],
});
