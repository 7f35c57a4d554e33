import { defineConfig } from "vitest/config";
import { COMPILE_CACHE_FOLDER } from "./emulators/compile-cache.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: {
      METADATA_SERVER_DETECTION: "none",
      TZ: "America/New_York",
      // Programs that tests start are up in half the time.
      NODE_COMPILE_CACHE: COMPILE_CACHE_FOLDER,
    },
    testTimeout: 20_000,
    // The end-to-end tests start processes of their own: more at once only get into each other's way.
    maxWorkers: 2,
  },
});
