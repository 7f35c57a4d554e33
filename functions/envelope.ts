/**
 * Envelope: the wire form of what one message carries between stages.
 *
 * Owns: the shape of a message's data, and the bounds of what is read (its check: envelope-check.ts). Compression is done by outbox.ts. Does not own: which elements
 * go into which bundle (shuffle.ts), or the coder of a value (sdk/coders).
 * Place on the data's way: shuffle.ts packs, outbox.ts sends, activation.ts opens.
 *
 * E1. An envelope names its plan; one of another plan is refused and never half-read.
 * E2. Encoding is a pure function of the envelope: a message sent again is the same to the byte.
 */
import { inflateSync } from "node:zlib";
import type { Json } from "../sdk/coders/coder.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { Timestamp } from "../sdk/model/time.ts";
import type { LetterAttempt, ReplayedLetter } from "./dead-letters/taking.ts";
import { checkEnvelope, isFields } from "./envelope-check.ts";
import { nestingOf } from "./json-nesting.ts";
import { ENVELOPE_BYTES_MAX, NESTING_MAX } from "./options.ts";
import type { Read } from "./reads/read.ts";

/** What a plan's hash may look like, whatever version wrote it. */
const PLAN_PATTERN = /^[\w-]{1,64}$/;

/**
 * The elements of one window in a bundle, column by column.
 *
 * For a keyed shuffle `keys[i]` is the canonical text of the key of `values[i]`; a reshuffle has no
 * keys. `times` is left out where every element's timestamp follows from the window.
 */
export interface WindowColumns {
  readonly window: string;
  readonly keys?: readonly string[];
  readonly values: readonly Json[];
  readonly times?: readonly Timestamp[];
  /** Source ids, for dropping duplicates: only from ingest stages. */
  readonly ids?: readonly string[];
  /** Pane of the elements, where a reshuffle keeps it: `[timing, index, onTimeIndex, first, last]`. */
  readonly pane?: PaneJson;
  /** Side input whose elements these are; undefined: the main input's. */
  readonly side?: string;
  /** Of a side input: how many elements the whole pane has; 0: `values` hold one that is none. */
  readonly size?: number;
  /** The dead letter that the one element in here was; only within a run. */
  readonly letter?: LetterAttempt;
}

/** A pane as on the wire. */
export type PaneJson = readonly [string, number, number, boolean, boolean];

/** What a message asks of a shard. */
export type EnvelopeBody =
  | { readonly kind: "elements"; readonly windows: readonly WindowColumns[] }
  | { readonly kind: "start" }
  | { readonly kind: "split"; readonly read: Read }
  | { readonly kind: "replay"; readonly letters: readonly ReplayedLetter[] }
  | {
      readonly kind: "advance";
      /** Stored watermarks that the shard needs to know: its stage's, its targets', its side inputs'. */
      readonly watermarks: Readonly<Record<string, readonly [input: Timestamp, output: Timestamp]>>;
      /** Processing time as the tracker has it, in ms: a shard's clock may be behind. */
      readonly nowMs?: number;
      /** Processing time, in ms, of which nothing more will come from the stages before. */
      readonly synchronizedMs?: number;
      /** The job is drained: what is still to be read is cut short. */
      readonly drains?: boolean;
      /** The stage has come to its end: the shard shows by one more head that its sinks have all. */
      readonly proves?: boolean;
      /** True: the job is about to stand still, and what is still to be read waits. False: it goes on. */
      readonly pauses?: boolean;
    };

/** News of watermarks and of the time. */
export type AdvanceBody = Extract<EnvelopeBody, { kind: "advance" }>;

/** One message between stages. */
export interface Envelope {
  readonly plan: string;
  /** `stage/shard`, or the random id of an ingest instance or a replay, or `tracker`, `launch`. */
  readonly producer: string;
  /** Counts the bundles of this producer to this target; -1 where duplicates do no harm. */
  readonly sequence: number;
  readonly stage: string;
  readonly shard: number;
  /** No element in here is older. */
  readonly minTime: Timestamp;
  readonly count: number;
  readonly body: EnvelopeBody;
  /** Generation of the shard, tracker or launch that sent it; left out when 0, and by ingest. */
  readonly generation?: number;
  /** Never on the wire: sent to a stage that had other shards, among which it must be spread. */
  readonly spreads?: boolean;
}

/** Returns whether a producer is an ingest instance: their ids are random, and come and go. */
export function isIngestProducer(producer: string): boolean {
  return !producer.includes("/") && producer !== TRACKER;
}

/** The producer of advances. */
export const TRACKER = "tracker";

/** Returns the JSON text of an envelope; outbox.ts makes the message's bytes of it. */
export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelope);
}

/** Returns the JSON text of an envelope whose body is JSON text already. */
export function bundleText(envelope: Omit<Envelope, "body">, bodyText: string): string {
  const { plan, producer, sequence, stage, shard, minTime, count, generation } = envelope;
  const head = { plan, producer, sequence, stage, shard, minTime, count, generation };
  return `${JSON.stringify(head).slice(0, -1)},"body":${bodyText}}`;
}

/**
 * Reads an envelope.
 *
 * @param planHash - the plan that it must belong to; any, where left out (fence.ts then says what
 *   becomes of it)
 * @throws ERR_DECODE if the bytes are no envelope
 * @throws ERR_PLAN_MISMATCH if it belongs to another plan
 */
export function decodeEnvelope(data: Uint8Array, planHash?: string): Envelope {
  const parsed = parse(data);
  const plan = isFields(parsed) ? parsed["plan"] : undefined;
  if (typeof plan !== "string" || !PLAN_PATTERN.test(plan)) {
    throw new MeshError("ERR_DECODE", "A mailbox message does not name its plan.");
  }
  if (planHash !== undefined && plan !== planHash) {
    throw new MeshError(
      "ERR_PLAN_MISMATCH",
      `A bundle of plan ${plan} reached a function of plan ${planHash}.`,
    );
  }
  return checkEnvelope(parsed);
}

function parse(data: Uint8Array): unknown {
  // The cause's own words would show a part of the content.
  try {
    // JSON text begins with "{" (0x7b), a zlib stream with 0x78.
    const isText = data[0] === 0x7b;
    const text = isText ? data : inflateSync(data, { maxOutputLength: ENVELOPE_BYTES_MAX });
    if (text.length <= ENVELOPE_BYTES_MAX && nestingOf(text) <= NESTING_MAX) {
      return JSON.parse(Buffer.from(text).toString("utf8")) as unknown;
    }
  } catch (cause) {
    throw new MeshError("ERR_DECODE", "A mailbox message is not an envelope of the mesh.", {
      cause,
    });
  }
  throw new MeshError("ERR_DECODE", "A mailbox message is larger or nested deeper than any.");
}
