/** State is moved without the ids of the source messages that were taken: what comes again counts again. */
import { decodeBody } from "../../../functions/head.ts";
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const movedIdsLost: PlantedBug = {
  name: "a move of state loses the ids that were taken",
  caughtBy: "state-moved",
  workload: "updated to more shards",
  breaking: () =>
    breakStore((store) => ({
      putShard(shard, head, parts) {
        const entries = Object.entries(decodeBody(head.body).memtable);
        const memtable = Object.fromEntries(entries.filter(([id]) => !id.startsWith("d ")));
        return store.putShard(shard, { ...head, body: withFields(head.body, { memtable }) }, parts);
      },
    })),
};
