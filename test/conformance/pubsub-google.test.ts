/** The Pub/Sub suite over Google's emulator, with what that one (0.8) is known to lack. */
import { startGooglePubsub } from "../../emulators/google/index.ts";
import { onGoogle } from "./on-google.ts";
import { pubsubSuite } from "./pubsub.suite.ts";

const skip = [
  {
    reason: "it stores filters and ignores them",
    tests: ["only matching messages are delivered", "a filter with bad syntax is INVALID_ARGUMENT"],
  },
  {
    reason: "its pushes carry neither ordering key nor delivery attempt",
    tests: [
      "a push carries the ordering key",
      "a push tells its attempt",
      "a push subscription has one outstanding message of each key",
    ],
  },
  {
    reason: "it does not enforce this limit, or hangs where a request is over it",
    tests: [
      "a message over 10 MB is INVALID_ARGUMENT at once",
      "too many or too large attributes are INVALID_ARGUMENT",
      "an acknowledgement deadline must be from 10 to 600 seconds",
    ],
  },
  {
    reason: "it has at most two pushes outstanding, and polls every 100 ms",
    tests: [
      "many pushes are outstanding at once",
      "an idle server pushes a new message within a few milliseconds",
    ],
  },
  {
    reason: "it delivers in no particular order where no ordering key is given",
    tests: ["message ids are unique and in the order of the request"],
  },
  {
    reason: "an immediate Pull may find nothing although there is something",
    tests: ["StreamingPull has no more outstanding than its flow control allows"],
  },
  {
    reason: "after a nack of a pulled message the later ones of its key do not come again",
    tests: ["redelivery of one message redelivers the later ones of its key"],
  },
  {
    reason: "it takes 202 for a refusal",
    tests: ["200, 201, 202 and 204 acknowledge a push, other codes don't"],
  },
  {
    reason: "it lets anybody pull from a push subscription",
    tests: ["a push subscription can't be pulled from"],
  },
  {
    reason: "DetachSubscription is UNIMPLEMENTED",
    tests: ["a detached subscription gets nothing and can't be pulled from"],
  },
];

onGoogle("Pub/Sub: Google's emulator", () => {
  pubsubSuite({ name: "Google's emulator", start: () => startGooglePubsub(), skip });
});
