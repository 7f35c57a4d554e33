/**
 * The examples on the embedded world: the bundles of a deploy in real processes, ordinary clients.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import earthquakes from "../../examples/earthquakes.ts";
import flights from "../../examples/flights.ts";
import { outFolder, runEarthquakes, runFlights, runWordCount } from "../support/examples.ts";
import { FLIGHTS, QUAKES } from "../support/inputs.ts";
import { bundle, removeBundles } from "../support/run-mesh.ts";

const TIMEOUT_MS = 180_000;
const DEADLINES = { ingestMs: 90_000, doneMs: 60_000 };

// Much of each is waiting, so they run beside each other.
describe.concurrent("on the embedded world", () => {
  let out: Awaited<ReturnType<typeof outFolder>>;

  beforeAll(async () => {
    out = await outFolder();
    process.env["WORD_COUNT_OUT"] = out.prefix;
  });

  afterAll(async () => {
    delete process.env["WORD_COUNT_OUT"];
    await out.remove();
    await removeBundles();
  });

  it(
    "6,000 flights give every airport-hour and the worst airports of every day",
    async () => {
      const bundled = await bundle("examples/flights.ts", flights, { isDeployed: true });
      await runFlights(bundled, {}, FLIGHTS.slice(0, 6_000), DEADLINES);
    },
    TIMEOUT_MS,
  );

  it(
    "earthquakes give every hour, pane by pane: on time, and again for each late report",
    async () => {
      const bundled = await bundle("examples/earthquakes.ts", earthquakes, { isDeployed: true });
      const panes = await runEarthquakes(bundled, {}, QUAKES, DEADLINES);
      expect(new Set(panes.map(({ timing }) => timing))).toEqual(new Set(["ON_TIME", "LATE"]));
    },
    TIMEOUT_MS,
  );

  it(
    "a text gives the count of every word, and the pipeline ends by itself",
    async () => {
      // Imported only now: the module reads WORD_COUNT_OUT, as it does in each process of the mesh.
      const { default: wordCount } = await import("../../examples/word-count.ts");
      const bundled = await bundle("examples/word-count.ts", wordCount, { isDeployed: true });
      await runWordCount(bundled, {}, DEADLINES);
    },
    TIMEOUT_MS,
  );
});
