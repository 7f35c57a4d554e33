/** A job goes on although nothing takes what its stages send each other yet. */
import type { PlantedBug } from "./planted-bug.ts";

export const finishedUndeployed: PlantedBug = {
  name: "a job goes on before its mailboxes are there",
  caughtBy: "liveness",
  workload: "updated under other names",
  breaking: () => ({
    subscriptions: (subscriptions) => ({ ...subscriptions, missing: async () => [] }),
  }),
};
