/** The Pub/Sub suite over the embedded server. */
import { startPubsub } from "../../emulators/pubsub/index.ts";
import { pubsubSuite } from "./pubsub.suite.ts";

pubsubSuite({ name: "the embedded server", start: () => startPubsub() });
