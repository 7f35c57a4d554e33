/** An instance refuses a message while it has another one in hand. */
import { MeshError } from "../../../sdk/model/errors.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const busyRefused: PlantedBug = {
  name: "a busy instance refuses",
  caughtBy: "no-flow-control",
  workload: "windowed sum",
  breaking: () => ({
    handler(handler, { stage }) {
      let isBusy = false;
      return {
        async deliver(message) {
          if (stage === "tracker") return handler.deliver(message);
          if (isBusy) throw new MeshError("ERR_UNAVAILABLE", "One after the other, please.");
          isBusy = true;
          try {
            await handler.deliver(message);
          } finally {
            isBusy = false;
          }
        },
      };
    },
  }),
};
