/**
 * Gathered: what the messages of one activation gave, before the chain takes it.
 *
 * Owns: its shape, which all kinds of roots fill. Does not own: filling it (take-elements.ts, reads/,
 * run-bundle.ts).
 */
import type { PaneInfo } from "../sdk/model/pane.ts";
import type { Timestamp } from "../sdk/model/time.ts";
import type { Window } from "../sdk/model/window.ts";
import type { LetterAttempt, TakenLetter } from "./dead-letters/taking.ts";
import type { EnvelopeBody } from "./envelope.ts";
import type { ShardDead } from "./run-work.ts";
import type { StatefulElement } from "./stateful/stateful-work.ts";

/** An element on its way into the chain. */
export interface Item {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
  /** The dead letter that it was. */
  readonly letter?: LetterAttempt;
}

/** A message of the shard to a shard of its own stage. */
export interface SelfMessage {
  readonly shard: number;
  readonly minTime: Timestamp;
  readonly body: EnvelopeBody;
}

/** What messages and reads gave, before the chain takes it. */
export interface Gathered {
  readonly items: Item[];
  /** Elements for the stateful DoFn that is the stage's root. */
  readonly stateful: StatefulElement[];
  readonly self: SelfMessage[];
  readonly dead: ShardDead[];
  /** Dead letters that came back, by id. */
  readonly taken: Map<string, TakenLetter>;
  /** Positions that reads claimed, and where the last one was, for people. */
  claims: number;
  place: (() => object) | undefined;
}
