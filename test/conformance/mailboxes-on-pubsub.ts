/** The Mailboxes port on an embedded Pub/Sub server, and the other end of its topics. */
import { PubSub } from "@google-cloud/pubsub";
import { startPubsub } from "../../emulators/pubsub/index.ts";
import type { PubsubMailboxes } from "../../functions/gcp/pubsub-mailboxes.ts";
import type { MailboxesUnderTest, Received } from "./mailboxes.suite.ts";

const projectId = "mailboxes";

/** Starts a server, and mailboxes of this class on it; stopping them stops the server. */
export async function mailboxesOnPubsub(
  Mailboxes: typeof PubsubMailboxes,
): Promise<MailboxesUnderTest> {
  const server = await startPubsub();
  const pubsub = new PubSub({ projectId, apiEndpoint: server.address, emulatorMode: true });
  const mailboxes = new Mailboxes(projectId, server.address);
  return {
    mailboxes,
    async newTopic(name) {
      const [topic] = await pubsub.createTopic(name);
      const options = { enableMessageOrdering: true };
      const [subscription] = await topic.createSubscription(`${name}-sub`, options);
      const received: Received[] = [];
      return (count) => {
        const { promise, resolve, reject } = Promise.withResolvers<readonly Received[]>();
        subscription.on("error", reject);
        subscription.on("message", (message) => {
          received.push(message);
          message.ack();
          if (received.length === count) resolve(received);
        });
        return promise.finally(() => subscription.close());
      };
    },
    async stop() {
      await pubsub.close();
      await mailboxes.close();
      await server.stop();
    },
  };
}
