/** A message is acknowledged as soon as it has come, before anything is committed. */
import type { PlantedBug } from "./planted-bug.ts";

export const acknowledgedEarly: PlantedBug = {
  name: "acknowledged before the commit",
  caughtBy: "acknowledged-durable",
  workload: "two chained combines",
  breaking: () => ({
    handler: (handler, { stage }) => ({
      async deliver(message) {
        const done = handler.deliver(message);
        if (stage === "tracker") return done;
        done.catch(() => {}); // Nobody is left to hear of it.
      },
    }),
  }),
};
