/**
 * Shard copy: all that must be kept of one shard, apart from where it is stored.
 *
 * Owns: its form in a snapshot, and the head and parts that it becomes again. Does not own: where
 * copies go when stages or shards change (move-state.ts).
 *
 * SY1. A shard that is written from a copy knows no bundle and sends to nobody yet: numbers begin anew
 *      with its generation, and what was on its way has arrived (quiesce.ts) or comes again.
 */
import { encodeBody, type ShardProgress } from "../head.ts";
import { LAUNCH } from "../launch.ts";
import { type OutboxEntry, splitOutbox } from "../outbox.ts";
import type { HeadRecord, PartDocument, ShardRef } from "../ports.ts";
import { ShardState } from "../state.ts";
import type { StoredShard } from "../stored-shard.ts";

/** All that must be kept of one shard. */
export interface ShardCopy {
  readonly progress: ShardProgress;
  /** Ids and JSON texts of the state's entries. */
  readonly entries: readonly (readonly [id: string, text: string])[];
  /** What sinks may still have to get; bundles have arrived. */
  readonly outbox: readonly OutboxEntry[];
  readonly filesWritten: Readonly<Record<string, number>>;
}

/** Heads of a generation begin with its number times this, and so never meet those of another. */
const VERSIONS_OF_GENERATION = 1e9;

/** Text of a segment at most, about: four of them are over what is merged. */
const SEGMENT_CHARS = 300_000;

/** Returns the copy of a shard as it is stored. */
export function copyOf({ progress, body, state, outbox }: StoredShard): ShardCopy {
  return {
    progress,
    entries: [...state.entries()],
    outbox: outbox.filter(({ kind }) => kind !== "bundle"),
    filesWritten: body.filesWritten ?? {},
  };
}

/** Whether a shard waits for anything: with ids of taken messages alone it does not. */
export function hasWork(entries: ShardCopy["entries"]): boolean {
  return entries.some(([id]) => !id.startsWith("d "));
}

/** What a shard is written with. */
export interface ShardWrite {
  readonly shard: ShardRef;
  readonly head: HeadRecord;
  readonly parts: readonly PartDocument[];
}

/** Returns what a copy is stored as, as a shard of a plan and a generation. */
export function writeOf(
  shard: ShardRef,
  { progress, entries, outbox, filesWritten }: ShardCopy,
  { plan, generation }: { readonly plan: string; readonly generation: number },
): ShardWrite {
  const version = generation * VERSIONS_OF_GENERATION + 1;
  const { memtable, segments, parts } = segmentsOf(entries);
  const { inline, parts: outboxTexts } = splitOutbox(outbox, version);
  const body = {
    token: `generation ${generation}`,
    plan,
    generation,
    outbox: inline,
    outboxParts: outboxTexts.map(({ id }) => id),
    segments,
    filesWritten,
  };
  // A start message may come again at any time; all other messages are of a former generation.
  const launched = progress.received[LAUNCH];
  const received = launched === undefined ? {} : { [LAUNCH]: launched };
  const { isStill: _, isUnproven: __, ...rest } = progress;
  const isUnproven = outbox.length > 0;
  const isStill = hasWork(entries) || isUnproven;
  const moved: ShardProgress = {
    ...rest,
    received,
    sent: {},
    ...(isStill && { isStill }),
    ...(isUnproven && { isUnproven }),
  };
  return {
    shard,
    head: { version, progress: JSON.stringify(moved), body: encodeBody(body, memtable) },
    parts: [...parts, ...outboxTexts],
  };
}

/** Entries as segments of a size that the shard can handle, none for few. */
function segmentsOf(entries: ShardCopy["entries"]): Pick<
  ReturnType<ShardState["settle"]>,
  "memtable" | "segments"
> & {
  readonly parts: readonly PartDocument[];
} {
  const state = new ShardState(SEGMENT_CHARS / 2);
  const parts = new Map<string, PartDocument>();
  let chars = 0;
  const settle = (): ReturnType<ShardState["settle"]> => {
    const changes = state.settle();
    for (const part of changes.partsToPut) parts.set(part.id, part);
    for (const id of changes.partsToDelete) parts.delete(id);
    chars = 0;
    return changes;
  };
  for (const [id, text] of entries) {
    state.put(id, text);
    chars += id.length + text.length;
    if (chars >= SEGMENT_CHARS) settle();
  }
  const { memtable, segments } = settle();
  return { memtable, segments, parts: [...parts.values()] };
}
