/** The Store suite over FirestoreStore on Google's Firestore emulator. */
import { startGoogleFirestore } from "../../emulators/google/index.ts";
import { firestoreUnderTest } from "./firestore-store-under-test.ts";
import { onGoogle } from "./on-google.ts";
import { storeSuite } from "./store.suite.ts";

onGoogle("Store: Google's Firestore emulator", () => {
  storeSuite("Google's Firestore emulator", async () =>
    firestoreUnderTest(await startGoogleFirestore()),
  );
});
