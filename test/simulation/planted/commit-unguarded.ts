/** A commit replaces whatever head is there: of two writers both win, and one's work is lost. */
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const commitUnguarded: PlantedBug = {
  name: "commit without the version guard",
  caughtBy: "atomic-effects",
  workload: "windowed sum",
  breaking: () =>
    breakStore((store) => ({
      async commitHead(commit) {
        const newest = await store.newestHead(commit.shard);
        const version = (newest?.version ?? 0) + 1;
        await store.commitHead({
          ...commit,
          previousVersion: newest?.version,
          head: { ...commit.head, version },
        });
      },
    })),
};
