/** An activation fires all that is due, and packs as much into a bundle as there is. */
import type { PlantedBug } from "./planted-bug.ts";

export const unboundedFirings: PlantedBug = {
  name: "an activation without bounds",
  caughtBy: "bounded-activation",
  workload: "two chained combines",
  breaking: () => ({ engine: { firingsMax: 10_000, bundleElementsMax: 10_000 } }),
};
