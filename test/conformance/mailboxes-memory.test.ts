/** The Mailboxes suite over the memory mailboxes, where every topic is there. */
import type { SourceMessage } from "../../sdk/index.ts";
import { virtualMailboxes } from "../support/builders.ts";
import { mailboxesSuite } from "./mailboxes.suite.ts";

mailboxesSuite(
  "memory",
  async () => {
    const { mailboxes } = virtualMailboxes();
    return {
      mailboxes,
      async newTopic(topic) {
        const received: SourceMessage[] = [];
        mailboxes.subscribe(topic, async (message) => void received.push(message));
        return async (count) => {
          while (received.length < count) await new Promise(setImmediate);
          return received;
        };
      },
      stop: async () => {},
    };
  },
  { hasUnknownTopics: false },
);
