/** The Store suite over the memory store. */
import { MemoryStore } from "../../emulators/memory/memory-store.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory", async () => {
  let newest = new MemoryStore();
  return {
    newStore: () => {
      newest = new MemoryStore();
      return newest;
    },
    document: async (collection, id) => newest.documents(collection).get(id),
    stop: async () => {},
  };
});
