/** Holds and bundles on their way are left out of what the tracker sees: windows fire too early. */
import { breakSnapshots, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const holdDropped: PlantedBug = {
  name: "holds are dropped early",
  caughtBy: "watermark-named",
  workload: "two chained combines",
  breaking: () =>
    breakSnapshots((snapshot) => ({
      ...snapshot,
      heads: snapshot.heads.map((head) => ({
        ...head,
        progress: withFields(head.progress, { hold: 8.64e15 }),
      })),
    })),
};
