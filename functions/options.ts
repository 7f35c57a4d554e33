/**
 * Engine options: the figures that bound an activation and pace the tracker.
 *
 * Owns: their defaults. docs/limits.md says where the outer limits come from.
 */

/** Figures that bound an activation and pace the tracker. */
export interface EngineOptions {
  /** How often the tracker runs while something is going on, in ms. */
  readonly tickMs: number;
  /** How often an instance of the tracker logs watermarks while something is going on, in ms; 0: never. */
  readonly watermarkLogMs: number;
  /** How far two instances' clocks may be apart, in ms. */
  readonly clockSkewMs: number;
  /** Elements in one bundle at most; a larger bundle is sent as several messages. */
  readonly bundleElementsMax: number;
  /** Elements that a read activation takes from its splits. */
  readonly chunkElementsMax: number;
  /** Processing time after which a read activation takes no more, in ms. */
  readonly readMsMax: number;
  /** Panes or timers that one activation fires at most; the rest waits for a message to itself. */
  readonly firingsMax: number;
  /** Memtable text that a head carries before it is written out as a segment. */
  readonly memtableBytesMax: number;
  /** How long an ingest instance gathers requests while others are on their way, in ms. */
  readonly gatherMs: number;
  /** Messages of one group commit at most. */
  readonly groupMessagesMax: number;
  /** How long a source id is remembered for dropping duplicates, in ms. */
  readonly dedupRetentionMs: number;
  /** An unconfirmed register is dropped after this: ack deadline plus a margin, in ms. */
  readonly registerTimeoutMs: number;
  /** A source's delivery is answered within this, in ms: a drain waits so long where nobody tells. */
  readonly answerMsMax: number;
  /** User code that is waited for so long has failed, in ms. */
  readonly userCodeMsMax: number;
  /** Runs of a failing bundle before it is bisected. */
  readonly attemptsMax: number;
  /** Pause before the second attempt, doubled for each further one, in ms. */
  readonly retryBackoffMs: number;
}

/** The defaults: local worlds and the cloud differ in `tickMs` alone. */
export const DEFAULT_OPTIONS: EngineOptions = Object.freeze({
  tickMs: 1_000,
  watermarkLogMs: 5 * 60_000,
  clockSkewMs: 200,
  bundleElementsMax: 1_000,
  chunkElementsMax: 10_000,
  readMsMax: 5_000,
  firingsMax: 500,
  memtableBytesMax: 48 * 1024,
  gatherMs: 10,
  groupMessagesMax: 2_000,
  dedupRetentionMs: 10 * 60_000,
  registerTimeoutMs: 90_000,
  answerMsMax: 60_000,
  userCodeMsMax: 120_000,
  attemptsMax: 3,
  retryBackoffMs: 200,
});

/** Ack deadline of the mesh's subscriptions, in s: an activation ends long before. */
export const ACK_DEADLINE_SECONDS: number = 60;

/** Bytes of one document's text that the mesh never goes over (Firestore takes 1 MiB in all). */
export const DOCUMENT_BYTES_MAX: number = 900_000;

/** Text of one entry of a shard's state at most: it must fit into a document together with its id. */
export const STATE_BYTES_MAX: number = DOCUMENT_BYTES_MAX - 10_000;

/** Text of the metrics that user code keeps on one shard, of committed and of failed tries each. */
export const METRICS_CHARS_MAX: number = 50_000;

/** Bytes of one commit that the mesh never goes over (Firestore takes 10 MiB, its emulator 4). */
export const COMMIT_BYTES_MAX: number = 3_500_000;

/**
 * Text of one envelope, inflated: twenty times what the mesh packs, and little enough that the most an
 * instance takes at once fits into its memory.
 */
export const ENVELOPE_BYTES_MAX: number = 16_000_000;

/** Nesting of an envelope's JSON: a value has 1,000 levels at most, each of them three of JSON. */
export const NESTING_MAX: number = 4_000;
