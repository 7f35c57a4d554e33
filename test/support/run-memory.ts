/**
 * Run in memory: a pipeline and its input in a MemoryMesh, from launch to DONE.
 */
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { jsonOf } from "../../emulators/testing/judge.ts";
import { type PlayOptions, playInMemory } from "../../emulators/testing/memory-play.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";

/** What to run a pipeline with. */
export type MemoryRunOptions = PlayOptions;

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
 * @throws ERR_ASSERTION if it does not come to DONE
 */
export async function runInMemory(
  pipeline: Pipeline,
  options: MemoryRunOptions = {},
): Promise<MemoryRun> {
  const { mesh, files } = await playInMemory(pipeline, options);
  return {
    mesh,
    files,
    documents: (collection) => mesh.store.documents(collection),
    messages: <T>(topic: string) => mesh.messages(topic).map(jsonOf<T>),
  };
}
