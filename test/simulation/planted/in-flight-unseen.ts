/** Bundles on their way do not hold the watermark back. */
import { decodeProgress } from "../../../functions/head.ts";
import { breakSnapshots, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const inFlightUnseen: PlantedBug = {
  name: "bundles on their way hold nothing",
  caughtBy: "no-early-watermark",
  workload: "two chained combines",
  breaking: () =>
    breakSnapshots((snapshot) => ({
      ...snapshot,
      heads: snapshot.heads.map((head) => {
        const { sent } = decodeProgress(head.progress);
        const bare = Object.entries(sent).map(([key, { next }]) => [key, { next, ranges: [] }]);
        return {
          ...head,
          progress: withFields(head.progress, { sent: Object.fromEntries(bare) }),
        };
      }),
    })),
};
