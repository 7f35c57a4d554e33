/** The Subscriptions suite over PubsubSubscriptions on Google's emulator. */
import { startGooglePubsub } from "../../emulators/google/index.ts";
import { onGoogle } from "./on-google.ts";
import { subscriptionsSuite } from "./subscriptions.suite.ts";
import { subscriptionsOn } from "./subscriptions-on-pubsub.ts";

onGoogle("Subscriptions: Google's emulator", () => {
  subscriptionsSuite(
    "PubsubSubscriptions on Google's emulator",
    async () => subscriptionsOn(await startGooglePubsub(), 500),
    { tellsOutstanding: false },
  );
});
