/** A commit holds an outbox, and says that nothing was sent. */
import { breakStore, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const sentUncounted: PlantedBug = {
  name: "outputs outside the commit's counters",
  caughtBy: "atomic-effects",
  workload: "two chained combines",
  breaking: () =>
    breakStore((store) => ({
      commitHead: (commit) =>
        store.commitHead({
          ...commit,
          head: { ...commit.head, progress: withFields(commit.head.progress, { sent: {} }) },
        }),
    })),
};
