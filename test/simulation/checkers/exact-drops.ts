/**
 * `exact-drops` (W3): late are those elements that the source makes late, and dead those that the
 * author's code does not take; no element becomes either by what the mesh does.
 */
import type { MeshStatus } from "../../../functions/status.ts";
import type { Checker } from "./checker.ts";

/** Elements dropped and set aside are exactly those that must be. */
export const exactDrops: Checker = {
  name: "exact-drops",
  promise: "No element becomes late or dead by the mesh's own doing.",
  watch: ({ workload }, report) => ({
    async ended(mesh) {
      const { dropped, dead } = dropsOf(await mesh.status());
      const { droppedLate = 0, deadLetters = 0 } = workload ?? {};
      const most = droppedLate + (workload?.mayDrop?.(mesh) ?? 0);
      if (dropped < droppedLate || dropped > most)
        report(`${dropped} dropped as late instead of ${droppedLate}`);
      if (deadLetters !== "any" && dead !== deadLetters)
        report(`${dead} dead letters instead of ${deadLetters}`);
    },
  }),
};

/**
 * What shards dropped and set aside. An ingest stage is left out: a message that comes again after
 * its acknowledgement is read, and counted, again.
 */
export function dropsOf({ stages }: MeshStatus): { dropped: number; dead: number } {
  const shards = stages.filter(({ kind }) => kind !== "ingest");
  return {
    dropped: shards.reduce((sum, s) => sum + s.droppedLate + s.droppedClosed, 0),
    dead: shards.reduce((sum, s) => sum + s.deadLetters, 0),
  };
}
