import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: { METADATA_SERVER_DETECTION: "none", TZ: "America/New_York" },
    testTimeout: 20_000,
    // The end-to-end tests start processes of their own: more at once only get into each other's way.
    maxWorkers: 2,
  },
});
