/**
 * Run in memory: a pipeline and its input in a MemoryMesh, from launch to DONE.
 */
import { MemoryMesh, type MemoryMeshOptions } from "../../emulators/memory/memory-mesh.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";

/** What to run, and with what. */
export interface MemoryRunOptions extends Omit<MemoryMeshOptions, "files"> {
  /** JSON values to publish, by topic. */
  readonly input?: Readonly<Record<string, readonly unknown[]>>;
  /** Messages that are published together; then the mesh runs for `pauseMs` of virtual time. */
  readonly portion?: number;
  readonly pauseMs?: number;
}

/** What came out. */
export interface MemoryRun {
  readonly mesh: MemoryMesh;
  /** Texts of the files that sinks wrote, by path. */
  readonly files: ReadonlyMap<string, string>;
  documents(collection: string): ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** The JSON values of a topic's messages. */
  messages<T>(topic: string): T[];
}

/**
 * Runs a pipeline to its end.
 *
 * @throws Error if it does not come to DONE
 */
export async function runInMemory(
  pipeline: Pipeline,
  options: MemoryRunOptions = {},
): Promise<MemoryRun> {
  const { input = {}, portion = Number.POSITIVE_INFINITY, pauseMs = 2_000, ...rest } = options;
  const files = new Map<string, string>();
  const writer = {
    async write(path: string, text: string) {
      files.set(path, text);
    },
  };
  const mesh = new MemoryMesh(pipeline, { ...rest, files: writer });
  try {
    await mesh.launch();
    for (const [topic, values] of Object.entries(input)) {
      for (let from = 0; from < values.length; from += portion) {
        const part = values.slice(from, from + portion);
        await mesh.publish(
          topic,
          part.map((value) => ({ data: JSON.stringify(value) })),
        );
        await mesh.run(mesh.clock.nowMs() + pauseMs);
      }
    }
    await mesh.drain();
    await mesh.run();
  } finally {
    await mesh.stop();
  }
  const status = await mesh.status();
  if (status.state !== "DONE") throw new Error(`It stands still: ${JSON.stringify(status)}`);
  return {
    mesh,
    files,
    documents: (collection) => mesh.store.documents(collection),
    messages: <T>(topic: string) =>
      mesh.messages(topic).map(({ data }) => JSON.parse(Buffer.from(data).toString("utf8")) as T),
  };
}
