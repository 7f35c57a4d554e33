/**
 * Head: the newest document of a shard, a token that a commit consumes and replaces.
 *
 * Owns: what a head holds and its text. Does not own: how it is stored (the Store port), or what
 * it means (received.ts, sent.ts, state.ts, outbox.ts).
 * Place on the data's way: activation.ts opens it, changes it and commits it as a whole.
 *
 * H1. `progress` is all that the tracker needs; `body` all that the shard needs besides.
 * H2. A head that is read back equals the head that was written.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { HotKeysJson } from "./metrics/hot-keys.ts";
import type { UserMetrics } from "./metrics/values.ts";
import type { WorkJson } from "./metrics/work.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { ReceivedJson } from "./received.ts";
import type { SentJson } from "./sent.ts";
import type { SegmentInfo } from "./state.ts";

/** What a shard counts, since its first commit. */
export interface ShardMetrics {
  elementsIn: number;
  elementsOut: number;
  bundlesIn: number;
  activations: number;
  duplicates: number;
  droppedLate: number;
  /** Elements for windows that their trigger has closed. */
  droppedClosed: number;
  deadLetters: number;
}

/** What the tracker reads of a head. */
export interface ShardProgress {
  readonly received: ReceivedJson;
  readonly sent: SentJson;
  /** The earliest timestamp that holds the output watermark back; MAX if nothing does. */
  readonly hold: Timestamp;
  /** The earliest event time whose passing has work for this shard; MAX if none has. */
  readonly nextTimer: Timestamp;
  /** The earliest processing time at which the shard has work, in ms; MAX if none. */
  readonly nextProcessingMs: number;
  /** The same for work that waits until nothing more comes from that time; MAX if none. */
  readonly nextSynchronizedMs: number;
  /** The watermarks that the shard knows: never newer than what is stored. */
  readonly watermarks: readonly [input: Timestamp, output: Timestamp];
  /** Watermarks of side inputs that the shard knows, by name; undefined: the stage has none. */
  readonly sideWatermarks?: Readonly<Record<string, Timestamp>>;
  /** By side input: the watermark whose passing lets waiting elements go on; MAX if none waits. */
  readonly sideTimers?: Readonly<Record<string, Timestamp>>;
  readonly metrics: ShardMetrics;
  /** What user code counted; left out where it counted nothing. */
  readonly userMetrics?: UserMetrics;
  /** What the engine counts besides; older heads lack it. */
  readonly work?: WorkJson;
  /** Undefined where elements have no keys. */
  readonly hotKeys?: HotKeysJson;
  /** Whether the shard of a read, or of a stateful DoFn, was told of a drain. */
  readonly isDraining?: boolean;
  /** Whether the outbox has something for a sink: only the next head proves that it was sent (A3). */
  readonly isUnproven?: boolean;
  /** Whether the shard must be told when the job goes on: it stands still, or was moved here. */
  readonly isStill?: boolean;
  /** Processing time of the commit, in ms. */
  readonly committedAtMs: number;
}

/** What only the shard reads of a head. */
export interface HeadBody {
  /** Random: tells an instance whether a commit of unknown outcome was its own. */
  readonly token: string;
  /** The plan whose state this is. */
  readonly plan: string;
  /** How often the state of the whole job was replaced before; left out when 0. */
  readonly generation?: number;
  /** Defined: the state was copied, and nothing is committed while the job's change has this seal. */
  readonly seal?: string;
  readonly outbox: readonly OutboxEntry[];
  /** Parts that hold more of the outbox. */
  readonly outboxParts: readonly string[];
  readonly segments: readonly SegmentInfo[];
  /** Files written so far by this shard's file sinks, by node: numbers the next one. */
  readonly filesWritten: Readonly<Record<string, number>>;
  readonly memtable: Readonly<Record<string, unknown>>;
}

/** Returns the progress of a shard that has done nothing yet. */
export function newProgress(): ShardProgress {
  return {
    received: {},
    sent: {},
    hold: MAX_TIMESTAMP,
    nextTimer: MAX_TIMESTAMP,
    nextProcessingMs: MAX_TIMESTAMP,
    nextSynchronizedMs: MAX_TIMESTAMP,
    watermarks: [MIN_TIMESTAMP, MIN_TIMESTAMP],
    metrics: newMetrics(),
    committedAtMs: 0,
  };
}

/** Returns metrics that have counted nothing. */
export function newMetrics(): ShardMetrics {
  return {
    elementsIn: 0,
    elementsOut: 0,
    bundlesIn: 0,
    activations: 0,
    duplicates: 0,
    droppedLate: 0,
    droppedClosed: 0,
    deadLetters: 0,
  };
}

/** Returns the text of a body, whose memtable is JSON text already. */
export function encodeBody(body: Omit<HeadBody, "memtable">, memtable: string): string {
  return `${JSON.stringify(body).slice(0, -1)},"memtable":${memtable}}`;
}

/** Reads a body back. */
export function decodeBody(text: string): HeadBody {
  return JSON.parse(text) as HeadBody;
}

/** Reads progress back. */
export function decodeProgress(text: string): ShardProgress {
  return JSON.parse(text) as ShardProgress;
}
