/**
 * Snapshot: all state of a job at one moment, taken while it rests for a while.
 *
 * Owns: the steps. Does not own: the text (snapshot-text.ts), bringing the job to rest (quiesce.ts).
 *
 * SN1. What a snapshot holds is of one moment: every head is read at the version that it had when
 *      nothing was on its way, or the job is brought to rest once more.
 * SN2. Where the state is to be replaced by the copy, a shard takes nothing more once it was read: an
 *      instance that was given up would do what the copy does again.
 */
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import type { JobChange } from "../job.ts";
import type { ShardRef } from "../ports.ts";
import { readShard } from "../stored-shard.ts";
import type { JobControl } from "./job-control.ts";
import { type Quiet, quiesce } from "./quiesce.ts";
import { shardsOf } from "./replace-state.ts";
import { resume } from "./resume.ts";
import { sealShard } from "./seal.ts";
import { copyOf, type ShardCopy } from "./shard-copy.ts";
import { type SnapshotContent, type SnapshotManifest, writeSnapshot } from "./snapshot-text.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/** Shards that are read at once. */
const READS_AT_ONCE = 8;

/** An instance that was cut off may still commit; each time all is read once more. */
const ATTEMPTS_MAX = 5;

/**
 * Takes a snapshot of a running job, which rests meanwhile and then runs on.
 *
 * @param id - what it is called; `newSnapshotId` gives one
 * @throws ERR_UPDATE_TIMEOUT if the job does not come to rest in time; it runs on then
 */
export async function snapshot(
  control: JobControl,
  id: string,
  timeoutMs: number,
): Promise<SnapshotManifest> {
  const { deployment, world, subscriptions } = control;
  const { sources } = subscriptionsOf(deployment.plan);
  const change = { kind: "snapshot", phase: "stopping", snapshot: id } as const;
  const content = await contentAtRest(control, change, timeoutMs, false);
  try {
    const ofSources: Record<string, string> = {};
    for (const [i, name] of sources.entries()) {
      const own = `tm-${deployment.plan.pipeline}-${id}-${i}`;
      await subscriptions.snapshot(name, own);
      ofSources[name] = own;
    }
    const takenAtMs = content.job.stopped?.atMs ?? world.clock.nowMs();
    const more = { takenAtMs, subscriptions: ofSources };
    return await writeSnapshot(world.store, id, content, more);
  } finally {
    await resume(control);
  }
}

/** Returns an id for a snapshot that is taken now: ids sort by time. */
export function newSnapshotId({ world }: Pick<JobControl, "world">): string {
  const time = new Date(world.clock.nowMs()).toISOString().replace(/\D/g, "").slice(0, 14);
  return `s${time}-${world.random.id().slice(0, 4)}`;
}

/** Deletes a snapshot, and what Pub/Sub keeps for it. */
export async function deleteSnapshot(
  { world, subscriptions }: Pick<JobControl, "world" | "subscriptions">,
  { id, subscriptions: ofSources }: Pick<SnapshotManifest, "id" | "subscriptions">,
): Promise<void> {
  for (const name of Object.values(ofSources)) await subscriptions.deleteSnapshot(name);
  await world.store.deleteSnapshot(id);
}

/**
 * Brings a job to rest and returns its state; it stays at rest.
 *
 * @param isSealed - whether its shards take nothing more then (SN2)
 */
export async function contentAtRest(
  control: JobControl,
  change: JobChange,
  timeoutMs: number,
  isSealed: boolean,
): Promise<SnapshotContent> {
  const { deployment } = control;
  for (let attempt = 1; ; attempt++) {
    const sealing = isSealed ? { seal: control.world.random.id() } : {};
    const quiet = await quiesce(control, { change, timeoutMs, ...sealing });
    try {
      const shards = await readShards(control, quiet);
      if (shards !== undefined) return contentOf(control, quiet, shards);
    } catch (error) {
      // A shard was committed while it was read.
      const isLost = isMeshError(error) && error.code === "ERR_STORE_CONTENTION";
      if (!isLost || attempt >= ATTEMPTS_MAX) {
        await resume(control);
        throw error;
      }
    }
    if (attempt < ATTEMPTS_MAX) continue;
    await resume(control);
    throw new MeshError(
      "ERR_UPDATE_TIMEOUT",
      `Pipeline ${deployment.plan.pipeline} does not come to rest: instances that were cut off still ` +
        "commit. It runs on; try again in a minute.",
    );
  }
}

function contentOf(
  { deployment }: JobControl,
  { job, mesh }: Quiet,
  shards: ReadonlyMap<string, ShardCopy>,
): SnapshotContent {
  return { job, deployment, registers: mesh.registers, shards };
}

/** Undefined if a shard is no longer at its version (SN1). */
async function readShards(
  control: JobControl,
  { mesh, job: { change } }: Quiet,
): Promise<ReadonlyMap<string, ShardCopy> | undefined> {
  const { world, deployment } = control;
  const { seal } = change ?? {};
  const copies = new Map<string, ShardCopy>();
  const versions = new Map(mesh.heads.map(({ shard, version }) => [keyOf(shard), version]));
  const all = shardsOf(deployment.plan);
  // One that nobody has begun has no state, but may be begun (SA2).
  const waiting = seal !== undefined ? all : all.filter((shard) => versions.has(keyOf(shard)));
  let isSame = true;
  const read = async (shard: ShardRef): Promise<void> => {
    const { memtableBytesMax } = deployment.options;
    const stored = await readShard(shard, world.store, memtableBytesMax);
    if (stored?.version !== versions.get(keyOf(shard))) isSame = false;
    else {
      if (seal !== undefined) await sealShard(control, shard, stored, seal);
      if (stored !== undefined) copies.set(keyOf(shard), copyOf(stored));
    }
  };
  for (let from = 0; from < waiting.length && isSame; from += READS_AT_ONCE) {
    await Promise.all(waiting.slice(from, from + READS_AT_ONCE).map(read));
  }
  return isSame ? copies : undefined;
}

function keyOf({ stage, shard }: ShardRef): string {
  return `${stage}/${shard}`;
}
