/** The Subscriptions port on a Pub/Sub that listens somewhere, with an HTTP server to push to. */
import { setTimeout as sleep } from "node:timers/promises";
import { PubsubSubscriptions } from "../../functions/gcp/pubsub-subscriptions.ts";
import { Harness } from "./pubsub-harness.ts";
import type { Fed, SubscriptionsUnderTest } from "./subscriptions.suite.ts";

/** Returns the port on a server that has been started; stopping it stops the server. */
export function subscriptionsOn(
  server: { readonly address: string; stop(): Promise<void> },
  quietMs: number,
): SubscriptionsUnderTest {
  const harness = new Harness(server.address);
  const subscriptions = new PubsubSubscriptions("conformance", server.address);
  return {
    subscriptions,
    async newFed() {
      const { topic, endpoint, subscription } = await harness.pushTo({
        enableMessageOrdering: true,
        // A message that is refused comes again at once.
        retryPolicy: { minimumBackoff: { seconds: 0 }, maximumBackoff: { seconds: 1 } },
      });
      const came: string[] = [];
      const fed: Fed = {
        // The embedded server keeps full names, and so may a plan.
        name: subscription.name,
        came,
        answer: () => true,
        publish: (texts, key) => harness.sendAll(topic, texts, key),
        until: async (count) => void (await endpoint.until(count)),
      };
      endpoint.answer = async ({ text }, count) => {
        came.push(text);
        return (await fed.answer(text, count)) ? 204 : 500;
      };
      return fed;
    },
    quiet: () => sleep(quietMs),
    async stop() {
      await subscriptions.close();
      await harness.close();
      await server.stop();
    },
  };
}
