/** Parts that a commit deletes stay: nobody knows of them any more. */
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const partsLeft: PlantedBug = {
  name: "a tombstone is lost",
  caughtBy: "nothing-left",
  workload: "windowed sum",
  breaking: () =>
    breakStore((store) => ({
      commitHead: (commit) => store.commitHead({ ...commit, partsToDelete: [] }),
    })),
};
