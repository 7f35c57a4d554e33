/** The Mailboxes suite over PubsubMailboxes on the embedded Pub/Sub server. */
import { PubsubMailboxes } from "../../functions/gcp/pubsub-mailboxes.ts";
import { mailboxesSuite } from "./mailboxes.suite.ts";
import { mailboxesOnPubsub } from "./mailboxes-on-pubsub.ts";

mailboxesSuite("PubsubMailboxes on the embedded server", () => mailboxesOnPubsub(PubsubMailboxes), {
  hasUnknownTopics: true,
});
