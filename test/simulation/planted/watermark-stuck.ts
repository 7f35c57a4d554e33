/** A watermark stands still although nothing holds it: one shard's hold is never let go. */
import { breakSnapshots, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const watermarkStuck: PlantedBug = {
  name: "a watermark stands still for no reason",
  caughtBy: "watermark-named",
  workload: "windowed sum",
  breaking: () =>
    breakSnapshots((snapshot) => ({
      ...snapshot,
      heads: snapshot.heads.map((head) => ({
        ...head,
        progress: withFields(head.progress, { hold: 0 }),
      })),
    })),
};
