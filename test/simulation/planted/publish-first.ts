/** The outbox is sent before the commit that holds it. */
import { decodeBody } from "../../../functions/head.ts";
import { messageOf } from "../../../functions/outbox.ts";
import { breakStore } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const publishFirst: PlantedBug = {
  name: "publish before commit",
  caughtBy: "publish-after-commit",
  workload: "two chained combines",
  breaking: () =>
    breakStore((store, { mailboxes }) => ({
      async commitHead(commit) {
        const { outbox } = decodeBody(commit.head.body);
        const messages = outbox.flatMap((entry) => (entry.kind === "file" ? [] : messageOf(entry)));
        await mailboxes.publish(messages);
        await store.commitHead(commit);
      },
    })),
};
