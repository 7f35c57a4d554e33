/** After the first few, no tick is asked for any more. */
import type { PlantedBug } from "./planted-bug.ts";

export const tickNever: PlantedBug = {
  name: "no tick is asked for",
  caughtBy: "liveness",
  workload: "windowed sum",
  breaking() {
    let asked = 0;
    return {
      world: (world) => ({
        ...world,
        wakeups: {
          async wake(name, dueMs) {
            if (++asked <= 5) await world.wakeups.wake(name, dueMs);
          },
        },
      }),
    };
  },
};
