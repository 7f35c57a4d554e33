/** The Store port on a Firestore that listens somewhere. */
import { FirestoreStore } from "../../functions/gcp/firestore-store.ts";
import { connect, type StartedFirestore } from "./firestore.suite.ts";
import type { StoreUnderTest } from "./store.suite.ts";

/** Returns the store on a Firestore that has been started; stopping it stops the Firestore. */
export function firestoreUnderTest(started: StartedFirestore): StoreUnderTest {
  const firestore = connect(started.address);
  return {
    newStore: (pipeline) => new FirestoreStore(firestore, pipeline),
    document: async (collection, id) =>
      (await firestore.collection(collection).doc(id).get()).data(),
    async stop() {
      await firestore.terminate();
      await started.stop();
    },
  };
}
