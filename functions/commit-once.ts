/**
 * Commit once: one commit of a shard, until it is known whether it was applied.
 *
 * Owns: settling a commit of unknown outcome. Does not own: what is in it (shard.ts), what becomes of
 * a lost race (activation.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";
import { decodeBody } from "./head.ts";
import type { HeadCommit, World } from "./ports.ts";

/** Times that a lost race, or a commit of unknown outcome, is tried again before it is refused. */
export const COMMIT_ATTEMPTS_MAX = 6;

/**
 * Commits; a failure of unknown outcome is settled by looking for our token in the newest head.
 *
 * @param onRead - told of each head that is read for that
 * @throws ERR_STORE_CONTENTION if another activation won the shard
 * @throws ERR_UNAVAILABLE if the store did not answer, again and again
 */
export async function commitOnce(
  commit: HeadCommit,
  token: string,
  { store, clock, random }: Pick<World, "store" | "clock" | "random">,
  onRead: () => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.commitHead(commit);
      return;
    } catch (error) {
      const head = await store.newestHead(commit.shard);
      onRead();
      const isOurs = head?.version === commit.head.version && decodeBody(head.body).token === token;
      if (isOurs) return;
      // Our version was not applied; if ours is no longer next, another instance won.
      const isOurTurn = head?.version === commit.previousVersion;
      if (!isOurTurn) throw contention(commit, error);
      if (attempt >= COMMIT_ATTEMPTS_MAX) throw error;
      await clock.sleep(20 * 2 ** attempt * random.fraction());
    }
  }
}

function contention(commit: HeadCommit, cause: unknown): MeshError {
  const { stage, shard } = commit.shard;
  return new MeshError(
    "ERR_STORE_CONTENTION",
    `Shard ${stage}/${shard}: another activation committed version ${commit.head.version} first.`,
    { cause },
  );
}
