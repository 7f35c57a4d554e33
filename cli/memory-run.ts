/**
 * Memory run: a pipeline from its beginning to its end in this process, and what came of it.
 *
 * Owns: the order of the steps, and gathering what was written. Does not own: the mesh
 * (emulators/memory) and how a result is shown (run-report.ts).
 */
import { MemoryMesh } from "../emulators/memory/memory-mesh.ts";
import { localFiles } from "../functions/connectors/file-writer.ts";
import type { Log } from "../functions/ports.ts";
import type { StageStatus } from "../functions/status.ts";
import type { SourceMessage } from "../sdk/io/source-spec.ts";
import type { Pipeline } from "../sdk/pipeline.ts";
import { formatBytes } from "./format.ts";
import type { PublishInput } from "./publish-input.ts";

/** How much virtual time passes between two looks at what still waits, in ms. */
const STEP_MS = 1_000;
/** How long a read that has no end is read, in ms of virtual time. */
const ENDLESS_READ_MS = 60_000;
/** How often progress is told, in ms of real time. */
const PROGRESS_MS = 200;

/** A document that a sink wrote. */
export type WrittenDocument = Readonly<Record<string, unknown>> & { readonly id: string };

/** A message that a sink published; data that is JSON is read. */
export interface WrittenMessage {
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A file that a sink wrote. */
export interface WrittenFile {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
}

/** An element that was set aside. */
export interface SetAside {
  readonly stage: string;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string; readonly stack?: string };
  readonly element?: unknown;
  readonly data?: string;
}

/** What came of a run. */
export interface RunResult {
  readonly pipeline: string;
  readonly plan: string;
  readonly state: string;
  readonly wallMs: number;
  readonly stages: readonly StageStatus[];
  readonly documents: Readonly<Record<string, readonly WrittenDocument[]>>;
  readonly messages: Readonly<Record<string, readonly WrittenMessage[]>>;
  readonly files: readonly WrittenFile[];
  readonly deadLetters: readonly SetAside[];
}

/** What a run needs. */
export interface MemoryRunOptions {
  readonly shards?: number | undefined;
  readonly inputs: readonly PublishInput[];
  /** Told how many elements the sources have given so far. */
  readonly onProgress: (elementsIn: number) => void;
  readonly log?: Log | undefined;
}

/**
 * Runs a pipeline to its end: bounded sources until they are read, unbounded ones for a minute of
 * virtual time, topics until the given messages are taken, and then all windows that are open.
 *
 * @throws what only the author can mend, such as ERR_SOURCE_MISSING
 */
export async function runInMemory(
  pipeline: Pipeline,
  options: MemoryRunOptions,
): Promise<RunResult> {
  const { shards, inputs, log } = options;
  const files = new Map<string, WrittenFile>();
  const mesh = new MemoryMesh(pipeline, {
    ...(shards !== undefined && { shards }),
    ...(log !== undefined && { log }),
    files: {
      async write(path, text) {
        const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
        files.set(path, { path, lines, bytes: Buffer.byteLength(text) });
        await localFiles.write(path, text);
      },
    },
  });
  const startedMs = performance.now();
  const watching = setInterval(() => void tellProgress(mesh, options.onProgress), PROGRESS_MS);
  try {
    await mesh.launch();
    await takeInputs(mesh, inputs);
    const isEndless = mesh.plan.stages.some(({ read }) => read?.bounded === false);
    if (isEndless) await mesh.run(mesh.clock.nowMs() + ENDLESS_READ_MS);
    await mesh.drain();
    await mesh.run();
    await tellProgress(mesh, options.onProgress);
    const wallMs = performance.now() - startedMs;
    return { ...(await resultOf(mesh, pipeline)), wallMs, files: [...files.values()] };
  } finally {
    clearInterval(watching);
    await mesh.stop();
  }
}

/** Publishes, and waits until all is taken: what comes in after a drain would be late. */
export async function takeInputs(mesh: MemoryMesh, inputs: readonly PublishInput[]): Promise<void> {
  for (const { topic, messages } of inputs) await mesh.publish(topic, messages);
  while (inputs.some(({ topic }) => mesh.mailboxes.backlog(topic) > 0)) {
    await mesh.run(mesh.clock.nowMs() + STEP_MS);
  }
}

async function tellProgress(mesh: MemoryMesh, tell: (elementsIn: number) => void): Promise<void> {
  tell(elementsOfSources((await mesh.status()).stages));
}

/** Returns how many elements the sources of a mesh have given. */
export function elementsOfSources(stages: readonly StageStatus[]): number {
  const sources = stages.filter(({ kind }) => kind !== "shuffle");
  return sources.reduce((sum, stage) => sum + stage.elementsIn, 0);
}

async function resultOf(
  mesh: MemoryMesh,
  pipeline: Pipeline,
): Promise<Omit<RunResult, "wallMs" | "files">> {
  const { state, stages } = await mesh.status();
  const topics = new Set<string>();
  for (const node of pipeline.graph.nodes) {
    if (node.kind === "sink" && node.sink.type === "pubsub") topics.add(node.sink.topic);
  }
  const collections = mesh.store.collections().sort();
  return {
    pipeline: mesh.plan.pipeline,
    plan: mesh.plan.hash,
    state,
    stages,
    documents: Object.fromEntries(collections.map((name) => [name, documentsOf(mesh, name)])),
    messages: Object.fromEntries(
      [...topics].map((topic) => [topic, mesh.messages(topic).map(readMessage)]),
    ),
    deadLetters: mesh
      .messages(mesh.plan.deadLetterTopic)
      .map(({ data }) => JSON.parse(Buffer.from(data).toString("utf8")) as SetAside),
  };
}

function documentsOf(mesh: MemoryMesh, collection: string): WrittenDocument[] {
  return [...mesh.store.documents(collection)]
    .map(([id, fields]) => ({ id, ...fields }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function readMessage({ data, attributes }: SourceMessage): WrittenMessage {
  const bytes = Buffer.from(data);
  const text = bytes.toString("utf8");
  try {
    return { data: JSON.parse(text), attributes };
  } catch {
    // Not JSON: text as it is, and bytes that are no text by their length.
    const isText = Buffer.from(text, "utf8").equals(bytes);
    return { data: isText ? text : `(${formatBytes(bytes.length)} of binary data)`, attributes };
  }
}
