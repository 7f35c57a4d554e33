/** The parts of a shard's state are read back empty. */
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const stateLost: PlantedBug = {
  name: "a part of the state is lost",
  caughtBy: "no-loss",
  workload: "groupByKey",
  breaking: () =>
    breakStore((store) => ({
      readParts: async (shard, ids) =>
        (await store.readParts(shard, ids)).map((text, i) =>
          ids[i]?.startsWith("o") === true ? text : "{}",
        ),
    })),
};
