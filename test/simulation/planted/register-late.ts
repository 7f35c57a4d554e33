/** The register is written after its bundles are published. */
import type { RegisterRecord } from "../../../functions/ports.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const registerLate: PlantedBug = {
  name: "register written after publish",
  caughtBy: "publish-after-commit",
  workload: "windowed sum",
  breaking: () => ({
    world(world) {
      let held: RegisterRecord | undefined;
      const { store, mailboxes } = world;
      return {
        ...world,
        store: {
          ...store,
          async putRegister(register) {
            held = register;
          },
        },
        mailboxes: {
          async publish(messages) {
            await mailboxes.publish(messages);
            if (held !== undefined) await store.putRegister(held);
            held = undefined;
          },
        },
      };
    },
  }),
};
