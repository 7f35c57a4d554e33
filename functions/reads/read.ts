/**
 * Read: the wire and state form of a read that is not done.
 *
 * Owns: what must be known of a read to go on with it. Does not own: where reads wait (reads.ts), and
 * what is done with one (read-call.ts).
 */

import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import type { PaneJson } from "../envelope.ts";

/** The element that a read is about, of `readEach`. */
export interface ReadElement {
  readonly value: Json;
  readonly timestamp: Timestamp;
  readonly window: string;
  readonly pane?: PaneJson;
}

/** A read that is not done. */
export interface Read {
  /** Undefined while the read of an element has not begun. */
  readonly restriction?: Json;
  /** What the watermark estimator left; undefined at the beginning. */
  readonly estimator?: Json;
  /** No later output is older. */
  readonly watermark: Timestamp;
  readonly element?: ReadElement;
  /** A drain has cut it short already. */
  readonly isTruncated?: boolean;
}

/** Returns a read of another restriction, for the same element. */
export function withRestriction(read: Read, restriction: unknown): Read {
  return { ...read, restriction: anyCoder.encode(restriction) };
}
