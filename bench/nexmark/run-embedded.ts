/**
 * Run embedded: a query as functions in processes of their own, on embedded services.
 *
 * Owns: the steps bundle → start → publish → wait → drain → wait → read → stop. Does not own: the
 * mesh (emulators/local-mesh.ts).
 *
 * NR1. However a run ends, no process of it is left.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type LocalMesh, startLocalMesh } from "../../emulators/local-mesh.ts";
import type { MeshStatus } from "../../functions/status.ts";
import { bundlePipeline } from "../../infra/code-bundle.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { type NexmarkEvent, nexmarkEvents } from "./generator/events.ts";
import { linesOf, type Outcome } from "./outcome.ts";
import {
  EVENTS_TOPIC,
  nexmarkPipeline,
  type PipelineSettings,
  type RunSettings,
} from "./pipeline.ts";
import type { NexmarkQuery } from "./queries/nexmark-query.ts";

const MODULE = fileURLToPath(new URL("./deployed-pipeline.ts", import.meta.url));

/** Messages that are on their way to Pub/Sub at once, and in one publish request. */
const OUTSTANDING_MAX = 2_000;
const BATCH = { maxMessages: 500, maxMilliseconds: 5 };

/** How far two messages may change places on their way, in event time: pushes have no order. */
const DISORDER_MS = 5_000;

const POLL_MS = 50;
/** A mesh that does nothing for so long will not go on. */
const STALL_MS = 120_000;

/**
 * Runs a query to DONE.
 *
 * @param signal - ends the run early
 * @throws ERR_EMULATOR if the mesh stands still; the signal's reason when it comes
 */
export async function runEmbedded(
  query: NexmarkQuery,
  given: RunSettings,
  signal?: AbortSignal,
): Promise<Outcome> {
  const settings = { ...given, disorderMs: DISORDER_MS };
  const mesh = await start(query, settings);
  try {
    const startMs = performance.now();
    const status = await throughMesh(mesh, settings, signal);
    const seconds = (performance.now() - startMs) / 1_000;
    return { seconds, status, lines: linesOf(await resultTexts(settings.folder)) };
  } finally {
    await mesh.stop();
  }
}

/** Bundles and starts; a batch run begins to read at once. */
async function start(query: NexmarkQuery, settings: PipelineSettings): Promise<LocalMesh> {
  const pipeline = nexmarkPipeline(query, settings);
  const folder = join(settings.folder, "bundles");
  const bundles = await bundlePipeline({ file: MODULE, plan: compile(pipeline), folder });
  const engine = settings.mode === "streaming" ? query.streamingEngine : undefined;
  return startLocalMesh({
    pipeline,
    bundles,
    world: "embedded",
    env: { NEXMARK_RUN: JSON.stringify({ query: query.query, ...settings }) },
    ...(engine !== undefined && { engine }),
  });
}

async function throughMesh(
  mesh: LocalMesh,
  { config, mode }: PipelineSettings,
  signal: AbortSignal | undefined,
): Promise<MeshStatus> {
  if (mode === "streaming") {
    const events = nexmarkEvents(config);
    await publishAll(mesh, events, signal);
    await waitFor(mesh, signal, (status) => isTakenIn(mesh, status, events.length));
    await mesh.drain();
  }
  return waitFor(mesh, signal, ({ state }) => state === "DONE");
}

async function publishAll(
  mesh: LocalMesh,
  events: readonly NexmarkEvent[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const topic = mesh.services.pubsubClient.topic(EVENTS_TOPIC, { batching: BATCH });
  for (let from = 0; from < events.length; from += OUTSTANDING_MAX) {
    signal?.throwIfAborted();
    const part = events.slice(from, from + OUTSTANDING_MAX);
    const sent = part.map((event) => topic.publishMessage({ json: event }));
    await topic.flush();
    await Promise.all(sent);
  }
}

/** Whatever were still on its way when a drain begins would be late. */
function isTakenIn(mesh: LocalMesh, { stages }: MeshStatus, events: number): boolean {
  const sources = stages.filter(({ kind }) => kind === "ingest");
  const taken = sources.reduce((sum, { elementsIn }) => sum + elementsIn, 0);
  return taken >= events && sources.every(({ stage }) => (mesh.backlog(stage) ?? 0) === 0);
}

async function waitFor(
  mesh: LocalMesh,
  signal: AbortSignal | undefined,
  isReached: (status: MeshStatus) => boolean,
): Promise<MeshStatus> {
  let known = "";
  let movedMs = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const status = await mesh.status();
    if (isReached(status)) return status;
    const now = JSON.stringify(status.stages.map(({ idleMs: _, ...stage }) => stage));
    if (now !== known) movedMs = performance.now();
    known = now;
    if (performance.now() - movedMs > STALL_MS) {
      throw new MeshError("ERR_EMULATOR", `${status.pipeline} stands still, ${status.state}.`);
    }
    await sleep(POLL_MS);
  }
}

async function resultTexts(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith("results-"));
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}
