/** A head is filled up beyond what a document takes. */
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const documentTooBig: PlantedBug = {
  name: "a document over its limit",
  caughtBy: "limits",
  workload: "word count",
  breaking: () =>
    breakStore((store) => ({
      commitHead: (commit) =>
        store.commitHead({
          ...commit,
          head: {
            ...commit.head,
            body: withFields(commit.head.body, { fill: "x".repeat(1 << 20) }),
          },
        }),
    })),
};
