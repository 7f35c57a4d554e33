/** What is sent again from an outbox that was read back is not the same to the byte. */
import { decodeBody } from "../../../functions/head.ts";
import { breakHeads, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const resendDiffers: PlantedBug = {
  name: "a second flush sends other bytes",
  caughtBy: "same-bytes",
  workload: "two chained combines",
  breaking: () =>
    breakHeads((head) => {
      const outbox = decodeBody(head.body).outbox.map((entry) =>
        entry.kind === "bundle" ? { ...entry, text: `${entry.text} ` } : entry,
      );
      return { ...head, body: withFields(head.body, { outbox }) };
    }),
};
