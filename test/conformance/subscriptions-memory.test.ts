/** The Subscriptions suite over the memory mailboxes. */
import { MemorySubscriptions } from "../../emulators/memory/memory-subscriptions.ts";
import { virtualMailboxes } from "../support/builders.ts";
import { type Fed, subscriptionsSuite } from "./subscriptions.suite.ts";

subscriptionsSuite(
  "memory",
  async () => {
    const { clock, mailboxes } = virtualMailboxes();
    let serial = 0;
    const pass = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await new Promise(setImmediate);
      clock.hurry();
    };
    return {
      subscriptions: new MemorySubscriptions(mailboxes),
      async newFed() {
        const topic = `topic-${serial++}`;
        const came: string[] = [];
        const fed: Fed = {
          name: `${topic}-sub`,
          came,
          answer: () => true,
          async publish(texts, orderingKey = "") {
            const messages = texts.map((text) => {
              return { topic, orderingKey, data: Buffer.from(text), attributes: {} };
            });
            await mailboxes.publish(messages);
          },
          async until(count) {
            while (came.length < count) await pass();
          },
        };
        const deliver = async ({ data }: { readonly data: Uint8Array }): Promise<void> => {
          came.push(Buffer.from(data).toString());
          if (!(await fed.answer(came.at(-1) ?? "", came.length))) throw new Error("Refused.");
        };
        mailboxes.subscribe(topic, deliver, fed.name);
        return fed;
      },
      async quiet() {
        for (let i = 0; i < 5; i++) await pass();
      },
      stop: async () => {},
    };
  },
  { tellsOutstanding: true },
);
