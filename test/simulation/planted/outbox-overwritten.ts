/** A head is read back without its outbox, so that the next commit replaces what was never sent. */
import { breakHeads, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const outboxOverwritten: PlantedBug = {
  name: "an outbox is overwritten unflushed",
  caughtBy: "outbox-flushed",
  workload: "state and timers",
  breaking: () => breakHeads((head) => ({ ...head, body: withFields(head.body, { outbox: [] }) })),
};
