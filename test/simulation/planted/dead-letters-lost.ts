/** Dead letters are thrown away. */
import type { PlantedBug } from "./planted-bug.ts";

export const deadLettersLost: PlantedBug = {
  name: "dead letters are lost",
  caughtBy: "no-loss",
  workload: "poison",
  breaking: () => ({
    world: (world) => ({
      ...world,
      mailboxes: {
        publish: (messages) =>
          world.mailboxes.publish(
            messages.filter(({ attributes }) => attributes["tidemark-code"] === undefined),
          ),
      },
    }),
  }),
};
