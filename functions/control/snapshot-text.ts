/**
 * Snapshot text: all state of a job as text, and back.
 *
 * Owns: the form: a manifest, and lines of JSON, the first of the job, each further one of a shard; its
 * parts for documents and its checksum. Does not own: when it is taken (snapshot.ts).
 *
 * SX1. A snapshot that is read back is whole and as it was written, or is refused.
 */
import { createHash } from "node:crypto";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Deployment } from "../deployment.ts";
import type { Job } from "../job.ts";
import type { RegisterRecord, Store } from "../ports.ts";
import { cutText } from "../text-parts.ts";
import type { ShardCopy } from "./shard-copy.ts";

/** What is said of a snapshot without reading it. */
export interface SnapshotManifest {
  readonly version: 1;
  readonly id: string;
  readonly pipeline: string;
  readonly plan: string;
  /** Processing time, in ms. */
  readonly takenAtMs: number;
  readonly stages: readonly {
    readonly stage: string;
    readonly name: string;
    readonly shards: number;
    readonly entries: number;
  }[];
  readonly bytes: number;
  readonly parts: number;
  /** SHA-256 of the content. */
  readonly checksum: string;
  /** Pub/Sub snapshots of the sources' subscriptions, by subscription. */
  readonly subscriptions: Readonly<Record<string, string>>;
}

/** All state of a job. */
export interface SnapshotContent {
  readonly job: Job;
  readonly deployment: Deployment;
  /** Registers of what may come again. */
  readonly registers: readonly RegisterRecord[];
  /** By `stage/shard`; shards that were never committed are left out. */
  readonly shards: ReadonlyMap<string, ShardCopy>;
}

/** A snapshot. */
export interface Snapshot extends SnapshotContent {
  readonly manifest: SnapshotManifest;
}

/** Writes a snapshot, its manifest last; writing it again replaces it. */
export async function writeSnapshot(
  store: Store,
  id: string,
  content: SnapshotContent,
  more: Pick<SnapshotManifest, "takenAtMs" | "subscriptions">,
): Promise<SnapshotManifest> {
  const text = textOf(content);
  const parts = cutText(text);
  for (const [i, part] of parts.entries()) await store.putSnapshotPart(id, i + 1, part);
  const manifest = manifestOf(id, content, { ...more, text, parts: parts.length });
  await store.putSnapshotPart(id, 0, JSON.stringify(manifest));
  return manifest;
}

/**
 * Reads a snapshot of a pipeline.
 *
 * @throws ERR_SNAPSHOT if there is none, or it is not whole
 */
export async function readSnapshot(store: Store, id: string): Promise<Snapshot> {
  const [first, ...parts] = await store.readSnapshotParts(id);
  const manifest = first === undefined ? undefined : manifestFrom(first);
  if (manifest === undefined) {
    const known = (await store.listSnapshots()).map((each) => each.id);
    throw new MeshError(
      "ERR_SNAPSHOT",
      `There is no snapshot "${id}". There are: ${known.join(", ") || "none"}.`,
    );
  }
  return snapshotOf(manifest, parts.slice(0, manifest.parts).join(""));
}

/** Returns a snapshot as one text, for a file. */
export function snapshotFileText(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot.manifest)}\n${textOf(snapshot)}`;
}

/** Reads a snapshot from such a text. @throws ERR_SNAPSHOT if it is none, or not whole */
export function readSnapshotText(text: string): Snapshot {
  const end = text.indexOf("\n");
  const manifest = manifestFrom(text.slice(0, Math.max(0, end)));
  if (manifest !== undefined) return snapshotOf(manifest, text.slice(end + 1));
  throw new MeshError("ERR_SNAPSHOT", "The file is no snapshot of a job.");
}

function manifestOf(
  id: string,
  { job, deployment, shards }: SnapshotContent,
  {
    text,
    ...more
  }: Pick<SnapshotManifest, "takenAtMs" | "subscriptions" | "parts"> & { readonly text: string },
): SnapshotManifest {
  const entriesOf = (stage: string): number =>
    [...shards].reduce(
      (sum, [key, { entries }]) => (key.startsWith(`${stage}/`) ? sum + entries.length : sum),
      0,
    );
  return {
    version: 1,
    id,
    pipeline: job.pipeline,
    plan: job.plan,
    stages: deployment.plan.stages.map(({ id: stage, name, shards: count }) => {
      return { stage, name, shards: count, entries: entriesOf(stage) };
    }),
    bytes: Buffer.byteLength(text),
    checksum: checksumOf(text),
    ...more,
  };
}

function manifestFrom(line: string): SnapshotManifest | undefined {
  try {
    const manifest = JSON.parse(line) as Partial<SnapshotManifest> | null;
    return manifest?.version === 1 ? (manifest as SnapshotManifest) : undefined;
  } catch {
    return undefined;
  }
}

interface ShardLine extends ShardCopy {
  readonly shard: string;
}

function textOf({ job, deployment, registers, shards }: SnapshotContent): string {
  const lines = [JSON.stringify({ job, deployment, registers })];
  for (const [shard, { progress, entries, outbox, filesWritten }] of shards) {
    lines.push(JSON.stringify({ shard, progress, entries, outbox, filesWritten }));
  }
  return lines.join("\n");
}

function snapshotOf(manifest: SnapshotManifest, text: string): Snapshot {
  if (checksumOf(text) !== manifest.checksum) {
    throw new MeshError(
      "ERR_SNAPSHOT",
      `Snapshot "${manifest.id}" is not whole: its content does not match its checksum.`,
    );
  }
  const [first = "", ...lines] = text.split("\n");
  const head = JSON.parse(first) as Omit<SnapshotContent, "shards">;
  const shards = new Map(
    lines.map((line) => {
      const { shard, ...copy } = JSON.parse(line) as ShardLine;
      return [shard, copy] as const;
    }),
  );
  return { ...head, manifest, shards };
}

function checksumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
