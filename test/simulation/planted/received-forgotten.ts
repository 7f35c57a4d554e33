/** A head read back without the bundles that it has received: what comes again counts again. */
import { breakHeads, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const receivedForgotten: PlantedBug = {
  name: "received bundles are forgotten",
  caughtBy: "atomic-effects",
  workload: "word count",
  breaking: () =>
    breakHeads((head) => ({ ...head, progress: withFields(head.progress, { received: {} }) })),
};
