import { defineConfig } from "vitest/config";
import { COMPILE_CACHE_FOLDER } from "./emulators/compile-cache.ts";
import { LongFirst } from "./test/support/long-first.ts";

/** Many files that are done in a moment, and leave nothing behind in the process. */
const SMALL = ["unit", "property", "conformance", "infra"].map(
  (kind) => `test/${kind}/**/*.test.ts`,
);

const ENVIRONMENT = "test/support/own-environment.ts";

export default defineConfig({
  test: {
    env: {
      METADATA_SERVER_DETECTION: "none",
      TZ: "America/New_York",
      // Programs that tests start are up in half the time.
      NODE_COMPILE_CACHE: COMPILE_CACHE_FOLDER,
    },
    testTimeout: 20_000,
    // The end-to-end tests start processes of their own: more at once only get into each other's way.
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    projects: [
      // A process for each file would load the same modules again: a third of the time.
      {
        extends: true,
        test: { name: "small", include: SMALL, isolate: false, setupFiles: [ENVIRONMENT] },
      },
      { extends: true, test: { name: "whole", include: ["test/**/*.test.ts"], exclude: SMALL } },
    ],
  },
});
