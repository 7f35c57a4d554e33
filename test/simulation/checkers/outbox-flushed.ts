/** `outbox-flushed` (A3): a head is not replaced before all of its outbox has been sent. */
import type { Checker } from "./checker.ts";

/** A3: no outbox is overwritten that was not flushed. */
export const outboxFlushed: Checker = {
  name: "outbox-flushed",
  promise: "A3: a head is not replaced before its outbox is flushed.",
  watch: ({ ledger }, report) => ({
    committed({ commit: { shard }, before, after }) {
      const lost = before?.identities.find((identity) => !ledger.sent.has(identity));
      if (lost === undefined) return;
      const name = `${shard.stage}/${shard.shard}`;
      report(`${name}, version ${after.version}: lost is ${lost.slice(0, 160)}`);
    },
  }),
};
