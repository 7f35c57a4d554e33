/** The Firestore suite over Google's emulator (1.19), with what that one is known to lack. */
import { startGoogleFirestore } from "../../emulators/google/index.ts";
import { firestoreSuite } from "./firestore.suite.ts";
import { onGoogle } from "./on-google.ts";

const skip = [
  {
    reason: "its gRPC server takes 4 MiB, and a larger request hangs",
    tests: ["a request of 9 MiB is taken, one over 10 MiB is INVALID_ARGUMENT"],
  },
];

onGoogle("Firestore: Google's emulator", () => {
  firestoreSuite({ name: "Google's emulator", start: () => startGoogleFirestore(), skip });
});
