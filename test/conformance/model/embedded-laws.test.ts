/**
 * The model's laws on the embedded services: what test/property holds in memory, a few times, with all
 * laws in one pipeline.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalWorld, startLocalWorld } from "../../../emulators/local-world.ts";
import { pipeline } from "../../../sdk/index.ts";
import { IN_PROCESS_PROJECT } from "../../support/in-process-mesh.ts";
import { buildLaws, laws } from "../../support/model-laws.ts";
import { anyScenario } from "../../support/scenarios.ts";
import { playOnServices } from "./play-on-services.ts";

let services: LocalWorld;

beforeAll(async () => {
  services = await startLocalWorld({ world: "embedded", project: IN_PROCESS_PROJECT });
});

afterAll(async () => {
  await services.stop();
});

const anyMesh = fc.record({
  compile: fc.record({ shards: fc.integer({ min: 1, max: 3 }) }),
  engine: fc.record({
    bundleElementsMax: fc.integer({ min: 1, max: 9 }),
    firingsMax: fc.integer({ min: 1, max: 4 }),
  }),
});

test("any arrival, any bundles and any shards give what the oracle says", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(anyScenario(6), anyMesh, async (scenario, options) => {
      const built = pipeline(`laws-${runs++}`, buildLaws(laws, scenario));
      const { checks, status } = await playOnServices(built, services, options);
      expect(checks).toBe(laws.length + 1); // One law has two assertions.
      expect(status.stages.reduce((late, { droppedLate }) => late + droppedLate, 0)).toBe(0);
    }),
    // One that fails is told as it is: to shrink it would take minutes.
    { numRuns: 4, endOnFailure: true },
  );
}, 300_000);
