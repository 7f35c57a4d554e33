/** A sink's document is stored with another value. */
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const valuesChanged: PlantedBug = {
  name: "a sink stores something else",
  caughtBy: "equals-oracle",
  workload: "groupByKey",
  breaking: () =>
    breakStore((store) => ({
      commitHead: (commit) =>
        store.commitHead({
          ...commit,
          sinkDocuments: commit.sinkDocuments.map((document) => ({
            ...document,
            fields: { ...document.fields, value: `${document.fields["value"]} and more` },
          })),
        }),
    })),
};
