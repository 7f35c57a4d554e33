/**
 * Splittable reads on the embedded world: real bundles, real time, and a drain that ends them.
 */
import { afterAll, expect, it } from "vitest";
import sequences from "../support/pipelines/sequences.ts";
import { bundle, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 120_000;

afterAll(removeBundles);

it(
  "numbers at a rate come without loss, their windows fire before the end, and a drain ends them",
  async () => {
    const bundled = await bundle("test/support/pipelines/sequences.ts", sequences);
    await withMesh(bundled, async (run) => {
      await run.until("three windows", 60_000, async () => {
        return (await run.documents("seconds")).size >= 3;
      });
      expect((await run.mesh.status()).state).toBe("RUNNING");
      await run.drain(60_000);
      const seconds = [...(await run.documents("seconds")).values()];
      const { stages } = await run.mesh.status();
      const given = stages.find(({ stage }) => stage.includes("sequence"))?.elementsOut;
      expect(seconds.reduce((sum, { value }) => sum + Number(value), 0)).toBe(given);
      // All but the first and the last second are whole.
      expect(seconds.filter(({ value }) => value === 100).length).toBeGreaterThanOrEqual(2);
      expect(new Set(seconds.map(({ timing }) => timing))).toEqual(new Set(["ON_TIME"]));
      const lengths = [...(await run.documents("lengths")).values()];
      expect(lengths.map(({ key, value }) => [key, value]).sort()).toEqual([
        [10, 10],
        [200, 200],
        [3_000, 3_000],
      ]);
    });
  },
  TIMEOUT_MS,
);
