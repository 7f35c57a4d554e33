/** The Store suite over FirestoreStore on the embedded Firestore, pessimistic and optimistic. */
import { startFirestore } from "../../emulators/firestore/index.ts";
import { firestoreUnderTest } from "./firestore-store-under-test.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("the embedded Firestore", async () => firestoreUnderTest(await startFirestore()));
storeSuite("the embedded Firestore, optimistic", async () =>
  firestoreUnderTest(await startFirestore({ concurrency: "optimistic" })),
);
