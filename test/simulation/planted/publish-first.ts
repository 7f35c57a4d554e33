/** The outbox is sent before the commit that holds it. */
import { decodeBody } from "../../../functions/head.ts";
import { flushOutbox } from "../../../functions/outbox.ts";
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const publishFirst: PlantedBug = {
  name: "publish before commit",
  caughtBy: "publish-after-commit",
  workload: "two chained combines",
  breaking: () =>
    breakStore((store, { mailboxes, files }) => ({
      async commitHead(commit) {
        await flushOutbox(decodeBody(commit.head.body).outbox, mailboxes, files);
        await store.commitHead(commit);
      },
    })),
};
