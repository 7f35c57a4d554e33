/** The Mailboxes suite over PubsubMailboxes on the embedded Pub/Sub server. */
import { PubSub } from "@google-cloud/pubsub";
import { startPubsub } from "../../emulators/pubsub/index.ts";
import { PubsubMailboxes } from "../../functions/gcp/pubsub-mailboxes.ts";
import { mailboxesSuite, type Received } from "./mailboxes.suite.ts";

const projectId = "mailboxes";

mailboxesSuite(
  "PubsubMailboxes on the embedded server",
  async () => {
    const server = await startPubsub();
    const pubsub = new PubSub({ projectId, apiEndpoint: server.address, emulatorMode: true });
    const mailboxes = new PubsubMailboxes(projectId, server.address);
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
  },
  { hasUnknownTopics: true },
);
