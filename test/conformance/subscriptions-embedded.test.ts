/** The Subscriptions suite over PubsubSubscriptions on the embedded Pub/Sub server. */
import { startPubsub } from "../../emulators/pubsub/index.ts";
import { subscriptionsSuite } from "./subscriptions.suite.ts";
import { subscriptionsOn } from "./subscriptions-on-pubsub.ts";

subscriptionsSuite(
  "PubsubSubscriptions on the embedded server",
  async () => subscriptionsOn(await startPubsub(), 150),
  { tellsOutstanding: false },
);
