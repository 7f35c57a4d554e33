/**
 * Seal: the state of a shard is copied, and from then on the shard takes nothing more.
 *
 * Owns: the head that says so. Does not own: what an instance does that finds it (fence.ts), or when a
 * seal is void: as soon as the job's change is another one, or over.
 *
 * SA1. A seal is a head of its own, with the state of the head before: whoever knew that one loses, and
 *      whoever opens the shard anew is refused. So what is copied is the last that the shard has done.
 * SA2. Every shard of the plan is sealed, one that was never committed too: nobody begins it meanwhile.
 */
import { commitOnce } from "../commit-once.ts";
import type { HeadRecord, ShardRef } from "../ports.ts";
import type { StoredShard } from "../stored-shard.ts";
import type { JobControl } from "./job-control.ts";
import { emptyCopy } from "./move-state.ts";
import { writeOf } from "./shard-copy.ts";

/**
 * Seals a shard as it was read.
 *
 * @param stored - undefined if it was never committed
 * @throws ERR_STORE_CONTENTION if an instance has committed it since
 */
export async function sealShard(
  { deployment, world }: JobControl,
  shard: ShardRef,
  stored: StoredShard | undefined,
  seal: string,
): Promise<void> {
  const token = world.random.id();
  const marks = { token, seal };
  const head = stored === undefined ? firstHead(shard, deployment.plan.hash) : headOf(stored);
  const body = JSON.stringify({ ...JSON.parse(head.body), ...marks });
  const none = { partsToPut: [], partsToDelete: [], sinkDocuments: [] };
  const commit = { shard, previousVersion: stored?.version, head: { ...head, body }, ...none };
  await commitOnce(commit, token, world, () => {});
}

/** Outbox and segments stay in the parts that they are in. */
function headOf({ version, progress, body }: StoredShard): HeadRecord {
  const texts = { progress: JSON.stringify(progress), body: JSON.stringify(body) };
  return { version: version + 1, ...texts };
}

/** Of a job's first generation: later ones begin with a head for every shard (RP2). */
function firstHead(shard: ShardRef, plan: string): HeadRecord {
  return writeOf(shard, emptyCopy(), { plan, generation: 0 }).head;
}
