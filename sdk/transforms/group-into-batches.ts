/**
 * groupIntoBatches: the values of each key and window, in lists of a size that is asked for.
 *
 * Owns: a bag of what waits, its count and bytes, and when it is handed on: when it is full, when it
 * has waited long enough, and when its window expires.
 *
 * GB1. Each value is in exactly one batch, and none is lost when a window expires.
 * GB2. A batch has the earliest timestamp of its values, and holds the watermark until it is handed
 *      on.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/GroupIntoBatches.html
 */
import { anyCoder } from "../coders/json-coder.ts";
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import { type KV, kv } from "../model/kv.ts";
import { earlier, type Timestamp } from "../model/time.ts";
import type { PCollection } from "../pcollection.ts";
import { bagState, valueState } from "../state/state-specs.ts";
import type { BagState, ValueState } from "../state/state-types.ts";
import { type StatefulDoFn, statefulDoFn } from "../state/stateful-do-fn.ts";
import { eventTimer, processingTimer } from "../state/timers.ts";
import type { Composite } from "./composite.ts";
import { isPartCount, partOf } from "./parts.ts";

/** How large batches are; one of `size` and `bytes` at least. */
export interface BatchOptions<in V> {
  /** Values of a batch, at most; all but the last of a window have as many. */
  readonly size?: number;
  /** Bytes of a batch, at most, unless it is one value alone. */
  readonly bytes?: number;
  /** Gives the bytes of a value; those of its JSON text where left out. */
  readonly bytesOf?: (value: V) => number;
  /** How long, in processing time, a value waits for others; until its window expires by default. */
  readonly maxBufferingDuration?: Duration;
}

/** A key with the number of the part of it that a batch belongs to. */
export interface ShardedKey<K> {
  readonly key: K;
  readonly shard: number;
}

/** What `groupIntoBatches` gives: to be applied as it is, or `withShardedKey`. */
export interface GroupIntoBatches<K, V> {
  (input: PCollection<KV<K, V>>): PCollection<KV<K, readonly V[]>>;
  /**
   * The same with each key cut into `shards` parts that fill their batches beside each other: for
   * keys with more values than one shard of the mesh can take.
   *
   * @throws ERR_OPTION if `shards` is no whole number ≥ 1
   */
  withShardedKey(shards: number): Composite<KV<K, V>, KV<ShardedKey<K>, readonly V[]>>;
}

/**
 * The values of each key and window in lists of a size that is asked for: for calls that take many
 * at once.
 *
 * @throws ERR_OPTION if there is neither a size nor a number of bytes, or one that is no whole number
 * @throws ERR_DURATION if `maxBufferingDuration` can't be read
 * @example rows.keyBy((row) => row.table).apply(groupIntoBatches({ size: 500, maxBufferingDuration: { seconds: 10 } }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/GroupIntoBatches.html
 */
export function groupIntoBatches<K, V>(options: BatchOptions<V>): GroupIntoBatches<K, V> {
  const limits = limitsOf(options);
  const grouped = (input: PCollection<KV<K, V>>): PCollection<KV<K, readonly V[]>> =>
    input.within("groupIntoBatches", () =>
      input.parDo<KV<K, readonly V[]>>(batching<K, V>(limits)),
    );
  return Object.assign(grouped, {
    withShardedKey(shards: number): Composite<KV<K, V>, KV<ShardedKey<K>, readonly V[]>> {
      if (!isPartCount(shards)) {
        throw refused(`withShardedKey: give a whole number of at least 1, not ${shards}.`);
      }
      return (input) =>
        input.within("groupIntoBatches", () =>
          shardKeys(input, shards).parDo<KV<ShardedKey<K>, readonly V[]>>(
            batching<ShardedKey<K>, V>(limits),
          ),
        );
    },
  });
}

function shardKeys<K, V>(
  input: PCollection<KV<K, V>>,
  shards: number,
): PCollection<KV<ShardedKey<K>, V>> {
  return input.parDo<KV<ShardedKey<K>, V>>({
    process({ key, value }, { timestamp, output }) {
      // By its content, so that a message which comes again gives the same.
      output(kv({ key, shard: partOf(timestamp, value, shards) }, value));
    },
  });
}

interface Limits<V> {
  readonly size: number;
  readonly bytes: number;
  readonly bytesOf: (value: V) => number;
  /** 0: values wait until their window expires. */
  readonly waitMs: number;
}

/** What is known of the values that wait. */
interface Batch {
  readonly count: number;
  readonly bytes: number;
  readonly earliest: Timestamp;
  /** When they are handed on at the latest, in processing time. */
  readonly dueMs: Timestamp;
}

function batching<K, V>(limits: Limits<V>): StatefulDoFn<KV<K, V>, KV<K, readonly V[]>> {
  return statefulDoFn<KV<K, V>, KV<K, readonly V[]>>()({
    state: { values: bagState<V>(), batch: valueState<Batch>() },
    timers: { full: processingTimer(), hold: eventTimer() },
    // A batch is as old as its oldest value; a timer holds the watermark for it.
    allowedTimestampSkew: Number.POSITIVE_INFINITY,
    process({ key, value }, { state, timers, timestamp, output }) {
      const bytes = limits.bytesOf(value);
      const emit = (values: readonly V[], at: Timestamp): void =>
        output(kv(key, values), { timestamp: at });
      const waiting = state.batch.read();
      const isOver = waiting !== undefined && waiting.bytes + bytes > limits.bytes;
      if (isOver) flush(state, emit);
      const batch = isOver ? undefined : waiting;
      const dueMs = (timers.full.getCurrentRelativeTime() + limits.waitMs) as Timestamp;
      const next = grown(
        batch ?? { count: 0, bytes: 0, earliest: timestamp, dueMs },
        bytes,
        timestamp,
      );
      state.values.add(value);
      state.batch.write(next);
      if (next.count >= limits.size || next.bytes >= limits.bytes) {
        flush(state, emit);
        timers.full.clear();
        timers.hold.clear();
      } else if (batch?.earliest !== next.earliest) {
        if (limits.waitMs > 0) timers.full.withOutputTimestamp(next.earliest).set(next.dueMs);
        else
          timers.hold
            .withOutputTimestamp(next.earliest)
            .offset(Number.POSITIVE_INFINITY)
            .setRelative();
      }
    },
    onTimer: {
      full({ key, state, output }) {
        flush(state, (values, timestamp) => output(kv(key, values), { timestamp }));
      },
      hold() {
        // It is there for what it holds: onWindowExpiration follows.
      },
    },
    onWindowExpiration({ key, state, output }) {
      flush(state, (values, timestamp) => output(kv(key, values), { timestamp }));
    },
  });
}

function grown(batch: Batch, bytes: number, timestamp: Timestamp): Batch {
  return {
    count: batch.count + 1,
    bytes: batch.bytes + bytes,
    earliest: earlier(batch.earliest, timestamp),
    dueMs: batch.dueMs,
  };
}

function flush<V>(
  state: { readonly values: BagState<V>; readonly batch: ValueState<Batch> },
  emit: (values: readonly V[], timestamp: Timestamp) => void,
): void {
  const batch = state.batch.read();
  if (batch === undefined) return;
  emit(state.values.read(), batch.earliest);
  state.values.clear();
  state.batch.clear();
}

function limitsOf<V>(options: BatchOptions<V>): Limits<V> {
  const { size = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = options;
  const sizes = [options.size, options.bytes].filter((limit) => limit !== undefined);
  if (sizes.length === 0 || !sizes.every(isPartCount)) {
    throw refused(
      `give a size or bytes, whole numbers of at least 1, not ${JSON.stringify({ size: options.size, bytes: options.bytes })}.`,
    );
  }
  const { bytesOf = jsonBytes, maxBufferingDuration = 0 } = options;
  const waitMs = toMs(maxBufferingDuration, "groupIntoBatches: maxBufferingDuration");
  return { size, bytes, bytesOf, waitMs };
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(anyCoder.encode(value))).length;
}

function refused(words: string): MeshError {
  return new MeshError("ERR_OPTION", `groupIntoBatches: ${words}`);
}
