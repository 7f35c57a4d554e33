/**
 * The model's laws, in memory: however a pipeline's input is cut into bundles, whatever the shards
 * and the order of arrival within the watermark's promise, what comes out is what an oracle says.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { runPipeline } from "../../emulators/testing/index.ts";
import { buildLaws, laws } from "../support/model-laws.ts";
import { anyScenario } from "../support/scenarios.ts";

const anyMesh = fc.record({
  shards: fc.integer({ min: 1, max: 7 }),
  bundleElementsMax: fc.integer({ min: 1, max: 9 }),
  engine: fc.record({
    chunkElementsMax: fc.integer({ min: 1, max: 20 }),
    firingsMax: fc.integer({ min: 1, max: 4 }),
    memtableBytesMax: fc.constantFrom(100, 10_000),
  }),
});

test.each(laws)("$name", { timeout: 60_000 }, async (law) => {
  await fc.assert(
    fc.asyncProperty(anyScenario(15), anyMesh, async (scenario, options) => {
      const { state, status } = await runPipeline(buildLaws([law], scenario), options);
      expect(state).toBe("DONE");
      expect(status.stages.map(({ droppedLate }) => droppedLate)).toEqual(
        status.stages.map(() => 0),
      );
    }),
    { numRuns: 25 },
  );
});
