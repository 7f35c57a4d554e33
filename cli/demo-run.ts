/**
 * Demo run: real flights through a local mesh of real processes, checked against a direct computation.
 *
 * Owns: the steps from the first message to the last comparison. Does not own: how they look
 * (demo-report.ts, views/).
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startLocalMesh } from "../emulators/local-mesh.ts";
import type { WorldName } from "../emulators/local-world.ts";
import {
  compareDays,
  compareHours,
  computeFlights,
  type FlightRecord,
} from "../examples/flights-oracle.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { Build } from "./build.ts";
import { DemoClients } from "./demo-clients.ts";
import type { DemoResult } from "./demo-report.ts";
import { readLogLine } from "./function-log.ts";
import { elementsOfSources } from "./memory-run.ts";
import type { Progress } from "./progress.ts";
import { type MeshSample, type Sampled, StageSampler, signatureOf } from "./stage-sampler.ts";
import type { DevView } from "./views/view.ts";

/** The flights that come with vega-datasets. */
const FLIGHTS_URL: URL = new URL(
  "../node_modules/vega-datasets/data/flights-20k.json",
  import.meta.url,
);

/** A mesh that does nothing for so long will not go on. */
const STALL_MS = 60_000;
const WORST_TIMEOUT_MS = 20_000;

/** As much of a mesh as the flights go through. */
export interface FlightsMesh extends Sampled {
  readonly variables: Readonly<Record<string, string>>;
  /** Firestore database of the mesh; `(default)` where left out. */
  readonly database?: string;
  drain(): Promise<void>;
}

/** What a demo runs with. */
export interface DemoOptions {
  readonly build: Build;
  readonly world: WorldName;
  readonly shards: number | undefined;
  /** How many flights, from the beginning of the file. */
  readonly events: number;
  readonly view: DevView;
  readonly progress: (total: number) => Progress;
  /** Ends the demo early when it comes. */
  readonly stopped: Promise<NodeJS.Signals>;
}

/**
 * Reads the flights.
 *
 * @throws ERR_SOURCE_MISSING if vega-datasets is not installed
 */
export async function readFlights(events: number): Promise<readonly FlightRecord[]> {
  try {
    const text = await readFile(FLIGHTS_URL, "utf8");
    return (JSON.parse(text) as FlightRecord[]).slice(0, events);
  } catch (cause) {
    throw new MeshError(
      "ERR_SOURCE_MISSING",
      `No flights at ${fileURLToPath(FLIGHTS_URL)}. They come with the development dependency vega-datasets: run npm install.`,
      { cause },
    );
  }
}

/**
 * Runs the demo to its end; returns undefined if it was stopped before.
 *
 * @throws ERR_EMULATOR if the mesh stands still
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult | undefined> {
  const { build, world, shards, view } = options;
  const flights = await readFlights(options.events);
  const mesh = await startLocalMesh({
    pipeline: build.pipeline,
    ...(shards !== undefined && { compile: { shards } }),
    bundles: build.bundles,
    world,
    onLog: (line) => {
      const entry = readLogLine(line, false);
      if (entry !== undefined) view.log(entry);
    },
  });
  try {
    const stopped = options.stopped.then(() => undefined);
    return await Promise.race([throughMesh(mesh, flights, options), stopped]);
  } finally {
    view.close("");
    await mesh.stop();
  }
}

/**
 * Sends flights through a mesh that runs, drains it, and compares what comes out.
 *
 * @throws ERR_EMULATOR if the mesh stands still
 */
export async function throughMesh(
  mesh: FlightsMesh,
  flights: readonly FlightRecord[],
  { view, progress, stopped }: Pick<DemoOptions, "view" | "progress" | "stopped">,
): Promise<DemoResult> {
  const clients = new DemoClients(mesh.variables, mesh.database);
  const sampler = new StageSampler(mesh);
  try {
    await clients.subscribe();
    const startedMs = performance.now();
    const publishing = progress(flights.length);
    void stopped.then(() => publishing.stop());
    await clients
      .publish(flights, (count) => publishing.update(count))
      .finally(() => publishing.stop());
    await watchUntil(sampler, view, (sample) => isTakenIn(sample, flights.length));
    const ingestMs = performance.now() - startedMs;
    await mesh.drain();
    await watchUntil(sampler, view, ({ state }) => state === "DONE");
    const wallMs = performance.now() - startedMs;
    const expected = computeFlights(flights);
    const documents = await clients.hours();
    const worst = await clients.worst(expected.days.size, WORST_TIMEOUT_MS);
    let counted = 0;
    for (const { flights: count } of documents.values()) counted += Number(count);
    return {
      events: flights.length,
      counted,
      documents: documents.size,
      worst,
      expected,
      differences: [...compareHours(expected, documents), ...compareDays(expected, worst)],
      wallMs,
      ingestMs,
    };
  } finally {
    await clients.close();
  }
}

function isTakenIn({ stages }: MeshSample, events: number): boolean {
  const waiting = stages
    .filter(({ kind }) => kind === "ingest")
    .reduce((sum, { backlog }) => sum + (backlog ?? 0), 0);
  return elementsOfSources(stages) >= events && waiting === 0;
}

async function watchUntil(
  sampler: StageSampler,
  view: DevView,
  isReached: (sample: MeshSample) => boolean,
): Promise<void> {
  let signature = "";
  let movedMs = Date.now();
  for (;;) {
    const sample = await sampler.sample();
    view.show(sample);
    if (isReached(sample)) return;
    const now = signatureOf(sample);
    if (now !== signature) movedMs = Date.now();
    signature = now;
    if (Date.now() - movedMs > STALL_MS) {
      throw new MeshError(
        "ERR_EMULATOR",
        `The mesh stands still: ${elementsOfSources(sample.stages)} events taken in, state ${sample.state}.`,
      );
    }
    // More often than people need: the look that finds the end decides the time taken.
    await new Promise((resolve) => setTimeout(resolve, view.sampleMs / 2));
  }
}
