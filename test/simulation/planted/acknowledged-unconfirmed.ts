/** A source's message is acknowledged although its group was never confirmed. */
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const acknowledgedUnconfirmed: PlantedBug = {
  name: "acknowledged before the group is confirmed",
  caughtBy: "acknowledged-durable",
  workload: "windowed sum",
  breaking: () => breakStore(() => ({ replaceRegister: async () => {} })),
};
