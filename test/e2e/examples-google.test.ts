/**
 * The examples on Google's own emulators: what holds on the embedded world holds there too.
 *
 * Their Pub/Sub keeps two pushes outstanding and answers each after about 100 ms, so that a message
 * takes 50 ms: hence only the first flights and quakes, and all meshes beside each other.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { searchGoogleEmulators } from "../../emulators/google/index.ts";
import earthquakes from "../../examples/earthquakes.ts";
import flights from "../../examples/flights.ts";
import { outFolder, runEarthquakes, runFlights, runWordCount } from "../support/examples.ts";
import { FLIGHTS, QUAKES } from "../support/inputs.ts";
import { bundle, removeBundles } from "../support/run-mesh.ts";

const TIMEOUT_MS = 480_000;
const DEADLINES = { ingestMs: 300_000, doneMs: 120_000 };
const GOOGLE = { world: "google" } as const;

const { missing } = await searchGoogleEmulators();
const reason = missing.length === 0 ? "" : ` (skipped: ${missing.join(" ")})`;

describe.skipIf(missing.length > 0).concurrent(`on Google's emulators${reason}`, () => {
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
    "a text gives the count of every word, and the pipeline ends by itself",
    async () => {
      const { default: wordCount } = await import("../../examples/word-count.ts");
      const bundled = await bundle("examples/word-count.ts", wordCount);
      await runWordCount(bundled, GOOGLE, DEADLINES);
    },
    TIMEOUT_MS,
  );

  it(
    "300 flights give every airport-hour and the worst airports of every day",
    async () => {
      const bundled = await bundle("examples/flights.ts", flights);
      await runFlights(bundled, GOOGLE, FLIGHTS.slice(0, 300), DEADLINES);
    },
    TIMEOUT_MS,
  );

  it(
    "300 earthquakes give every hour, pane by pane: on time, and again for each late report",
    async () => {
      const bundled = await bundle("examples/earthquakes.ts", earthquakes);
      const panes = await runEarthquakes(bundled, GOOGLE, QUAKES.slice(0, 300), DEADLINES);
      expect(new Set(panes.map(({ timing }) => timing))).toEqual(new Set(["ON_TIME", "LATE"]));
    },
    TIMEOUT_MS,
  );
});
