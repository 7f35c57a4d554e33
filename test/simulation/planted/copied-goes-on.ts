/** A shard goes on after its state was copied: whoever replaces it by the copy undoes what it did. */
import type { HeadCommit, HeadRecord, ShardRef } from "../../../functions/ports.ts";
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const copiedGoesOn: PlantedBug = {
  name: "a shard goes on after it was copied",
  caughtBy: "state-moved",
  workload: "updated to more shards",
  breaking: () =>
    breakStore((store) => ({
      async deleteState(shards) {
        for (const shard of shards) {
          const head = await store.newestHead(shard);
          if (head !== undefined) await store.commitHead(oneMore(shard, head));
        }
        await store.deleteState(shards);
      },
    })),
};

/** What an instance commits that knows nothing of seals. */
function oneMore(shard: ShardRef, { version, progress, body }: HeadRecord): HeadCommit {
  const { committedAtMs } = JSON.parse(progress) as { readonly committedAtMs: number };
  const head = {
    version: version + 1,
    progress: withFields(progress, { committedAtMs: committedAtMs + 1 }),
    body: withFields(body, { seal: undefined }),
  };
  const none = { partsToPut: [], partsToDelete: [], sinkDocuments: [] };
  return { shard, previousVersion: version, head, ...none };
}
