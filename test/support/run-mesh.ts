/**
 * Run mesh: a pipeline's real bundles in processes of their own, and ordinary clients around them.
 *
 * Owns: the steps bundle → start → publish → wait → drain → collect → stop, each with a deadline that
 * shows the mesh's status when it passes. Does not own: what is expected (the oracles, the tests).
 *
 * RM1. After `withMesh` no process of the mesh is left and no port of it is open, or the test fails.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LogLine } from "../../emulators/function-host.ts";
import {
  type LocalMesh,
  type LocalMeshOptions,
  startLocalMesh,
} from "../../emulators/local-mesh.ts";
import { bundlePipeline, type StageBundle } from "../../infra/code-bundle.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { type Collector, MeshClients } from "./mesh-clients.ts";
import { assertGone, pidsOf } from "./nothing-left.ts";
import { statusText } from "./status-text.ts";

/** A pipeline, and the module that exports it. */
export interface BundledPipeline {
  readonly pipeline: Pipeline;
  readonly bundles: readonly StageBundle[];
}

/** How a mesh is started. */
export interface RunMeshOptions
  extends BundledPipeline,
    Pick<LocalMeshOptions, "engine" | "env" | "compile" | "faults" | "relay" | "isAuthenticated"> {
  readonly world?: LocalMeshOptions["world"];
}

/** A look reads every head: more often would keep the services from their work. */
const POLL_MS = 200;
const LOG_LINES_KEPT = 40;

const folders: string[] = [];

/**
 * Bundles a module's pipeline into a folder of its own.
 *
 * @param path - of the module, from the project's folder
 * @param isDeployed - as for a deploy: without the functions of other stages
 */
export async function bundle(
  path: string,
  pipeline: Pipeline,
  { isDeployed = false } = {},
): Promise<BundledPipeline> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-e2e-"));
  folders.push(folder);
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const input = { file, plan: compile(pipeline), folder, isDeployed };
  return { pipeline, bundles: await bundlePipeline(input) };
}

/** Removes all that `bundle` made. */
export async function removeBundles(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** Starts a mesh, hands it to `use`, and stops it, whatever happens; then nothing is left (RM1). */
export async function withMesh<T>(
  options: RunMeshOptions,
  use: (run: MeshRun) => Promise<T>,
): Promise<T> {
  const { world = "embedded", ...rest } = options;
  const log: LogLine[] = [];
  const onLog = (line: LogLine): void => {
    log.push(line);
    if (log.length > LOG_LINES_KEPT) log.shift();
  };
  const mesh = await startLocalMesh({ ...rest, world, onLog });
  const run = new MeshRun(mesh, log);
  try {
    return await use(run);
  } finally {
    run.notePids();
    await run.clients.close();
    await mesh.stop();
    await assertGone(run.pids, Object.values(mesh.variables));
  }
}

/** A mesh that runs, as a test sees it. */
export class MeshRun {
  readonly mesh: LocalMesh;
  readonly clients: MeshClients;
  /** Processes of functions that were seen. */
  readonly pids: Set<number> = new Set();
  readonly #log: readonly LogLine[];

  constructor(mesh: LocalMesh, log: readonly LogLine[]) {
    this.mesh = mesh;
    this.#log = log;
    this.clients = new MeshClients(mesh.variables);
  }

  /** Publishes values as JSON, or bytes as they are. */
  publish(topic: string, values: readonly unknown[]): Promise<void> {
    return this.clients.publish(topic, values);
  }

  /** Takes a topic's messages from now on. */
  collect(topic: string): Promise<Collector> {
    return this.clients.collect(topic);
  }

  documents(collection: string): Promise<Map<string, Record<string, unknown>>> {
    return this.clients.documents(collection);
  }

  /** Resolves when `messages` messages were taken in and nothing is on its way any more. */
  async ingested(messages: number, deadlineMs: number): Promise<void> {
    await this.until(`${messages} messages taken in`, deadlineMs, async () => {
      const { stages } = await this.mesh.status();
      const taken = stages
        .filter(({ kind }) => kind === "ingest")
        .reduce((sum, { elementsIn }) => sum + elementsIn, 0);
      const isQuiet = stages.every(
        ({ stage, bundlesInFlight }) =>
          bundlesInFlight === 0 && (this.mesh.backlog(stage) ?? 0) === 0,
      );
      return taken >= messages && isQuiet;
    });
  }

  /** Ends the sources and resolves when the mesh is DONE. */
  async drain(deadlineMs: number): Promise<void> {
    await this.mesh.drain();
    await this.done(deadlineMs);
  }

  /** Resolves when the mesh is DONE. */
  async done(deadlineMs: number): Promise<void> {
    await this.until("DONE", deadlineMs, async () => (await this.mesh.status()).state === "DONE");
  }

  /**
   * Resolves when `condition` holds.
   *
   * @throws Error with the mesh's status and its last log lines when the deadline passes
   */
  async until(
    what: string,
    deadlineMs: number,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const endMs = Date.now() + deadlineMs;
    while (!(await condition())) {
      this.notePids();
      if (Date.now() > endMs) {
        const lines = this.#log.map((line) => `${line.function} ${line.text.slice(0, 300)}`);
        const status = await statusText(this.mesh);
        throw new Error(`Not ${what} in ${deadlineMs} ms.\n${status}\n${lines.join("\n")}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Remembers the processes that are there now. */
  notePids(): void {
    for (const pid of pidsOf(this.mesh)) this.pids.add(pid);
  }
}
