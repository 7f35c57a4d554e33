/**
 * Sink specs: what a `write` says about the outside. Connectors (functions/, emulators/) run them.
 */
import type { PaneInfo } from "../model/pane.ts";
import type { Timestamp } from "../model/time.ts";
import type { Window } from "../model/window.ts";
import type { Assertion } from "../testing/assertion.ts";

/** What a sink's functions know of the element at hand, beside the element. */
export interface WriteContext {
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
}

/** One document for each element; the same id again replaces the document. */
export interface FirestoreSinkSpec<T> {
  readonly type: "firestore";
  readonly collection: string;
  readonly id: (element: T, context: WriteContext) => string;
  /** The fields to store; the element itself where undefined. */
  readonly fields: ((element: T, context: WriteContext) => Record<string, unknown>) | undefined;
}

/** One message for each element, with an attribute `tidemark-id` that is the same for a duplicate. */
export interface PubsubSinkSpec<T> {
  readonly type: "pubsub";
  readonly topic: string;
  readonly encode: ((element: T, context: WriteContext) => Uint8Array | string) | undefined;
  readonly attributes: ((element: T, context: WriteContext) => Record<string, string>) | undefined;
  readonly orderingKey: ((element: T, context: WriteContext) => string) | undefined;
}

/** Lines of files named after shard and part, so that a repeated write replaces itself. */
export interface FileSinkSpec<T> {
  readonly type: "file";
  readonly format: "text" | "ndjson" | "csv";
  /** Path and beginning of the name: `out/counts` gives `out/counts-00000-of-00004.ndjson`. */
  readonly prefix: string;
  readonly row: ((element: T, context: WriteContext) => unknown) | undefined;
}

/** Elements with timestamp, window and pane, for checks that a test makes when the run has ended. */
export interface AssertSinkSpec {
  readonly type: "assert";
  /** What the transform is called where the author gives no name. */
  readonly fallback: string;
  readonly assertion: Assertion;
}

/** What a `write` writes to. */
export type SinkSpec<T> =
  | FirestoreSinkSpec<T>
  | PubsubSinkSpec<T>
  | FileSinkSpec<T>
  | AssertSinkSpec;
