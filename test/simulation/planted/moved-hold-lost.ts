/** State is moved without what holds the watermark for it. */
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const movedHoldLost: PlantedBug = {
  name: "a move of state loses a hold",
  caughtBy: "state-moved",
  workload: "restored",
  breaking: () =>
    breakStore((store) => ({
      putShard: (shard, head, parts) =>
        store.putShard(
          shard,
          { ...head, progress: withFields(head.progress, { hold: 8.64e15 }) },
          parts,
        ),
    })),
};
