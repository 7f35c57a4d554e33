/**
 * Stored shard: a shard as it is stored, whatever it means.
 *
 * Owns: putting head, segments and outbox together. Does not own: what a stage's root makes of the
 * entries (shard.ts), or how they are moved (control/move-state.ts).
 */
import { decodeBody, decodeProgress, type HeadBody, type ShardProgress } from "./head.ts";
import { joinOutbox, type OutboxEntry } from "./outbox.ts";
import type { ShardRef, Store } from "./ports.ts";
import { ShardState } from "./state.ts";

/** A shard as it is stored. */
export interface StoredShard {
  readonly version: number;
  readonly progress: ShardProgress;
  readonly body: HeadBody;
  readonly state: ShardState;
  readonly outbox: readonly OutboxEntry[];
  /** How many parts were read beside the head. */
  readonly parts: number;
}

/**
 * Reads a shard; undefined if it was never committed.
 *
 * @throws ERR_STORE_CONTENTION if it is committed meanwhile
 */
export async function readShard(
  ref: ShardRef,
  store: Pick<Store, "newestHead" | "readParts">,
  memtableBytesMax: number,
): Promise<StoredShard | undefined> {
  const head = await store.newestHead(ref);
  if (head === undefined) return undefined;
  const body = decodeBody(head.body);
  const segments = body.segments ?? [];
  const partIds = [...segments.map(({ id }) => id), ...(body.outboxParts ?? [])];
  const texts = partIds.length === 0 ? [] : await store.readParts(ref, partIds);
  const state = ShardState.load(
    memtableBytesMax,
    body.memtable ?? {},
    segments.map((info, i) => ({ info, text: texts[i] ?? "{}" })),
  );
  const outbox = [...(body.outbox ?? []), ...joinOutbox(texts.slice(segments.length))];
  const progress = decodeProgress(head.progress);
  return { version: head.version, progress, body, state, outbox, parts: partIds.length };
}
