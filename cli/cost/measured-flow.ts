/**
 * Measured flow: what a sample of events brings to each stage, by running it in memory.
 *
 * Owns: the run, which writes nothing outside of it, and figures of it → flow. Does not own: what is
 * assumed without a sample (workload.ts).
 */
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import type { StageStatus } from "../../functions/status.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { elementsOfSources, takeInputs } from "../memory-run.ts";
import type { PublishInput } from "../publish-input.ts";
import { type Outputs, outputsOf } from "./outputs.ts";
import type { Flow } from "./workload.ts";

/** What a sample has shown. */
export interface Measured {
  readonly events: number;
  /** Of one event's message, in the mean; undefined where nothing was published. */
  readonly eventBytes: number | undefined;
  readonly flow: Flow;
}

/**
 * Runs a pipeline over a sample, to its end.
 *
 * @throws ERR_OPTION if there are no events in it, and what only the author can mend
 */
export async function measureFlow(
  pipeline: Pipeline,
  shards: number | undefined,
  inputs: readonly PublishInput[],
): Promise<Measured> {
  const mesh = new MemoryMesh(pipeline, {
    ...(shards !== undefined && { shards }),
    files: { write: () => Promise.resolve() },
  });
  try {
    await mesh.launch();
    await takeInputs(mesh, inputs);
    await mesh.drain();
    await mesh.run();
    const { stages } = await mesh.status();
    const events = elementsOfSources(stages);
    if (events === 0) throw new MeshError("ERR_OPTION", "The sample holds no events.");
    const outputs = outputsOf(mesh.plan, pipeline.graph);
    return { events, eventBytes: meanBytes(inputs), flow: flowOf(stages, outputs, events) };
  } finally {
    await mesh.stop();
  }
}

function meanBytes(inputs: readonly PublishInput[]): number | undefined {
  const sizes = inputs.flatMap(({ messages }) =>
    messages.map(({ data }) => Buffer.byteLength(data)),
  );
  if (sizes.length === 0) return undefined;
  return Math.round(sizes.reduce((sum, each) => sum + each, 0) / sizes.length);
}

/** A status counts what a stage gives to all of its outputs together. */
function flowOf(
  stages: readonly StageStatus[],
  outputs: ReadonlyMap<string, Outputs>,
  events: number,
): Flow {
  return new Map(
    stages.map(({ stage, elementsIn, elementsOut }) => {
      const count = Math.max(1, outputs.get(stage)?.count ?? 1);
      return [
        stage,
        { inPerEvent: elementsIn / events, outPerEvent: elementsOut / events / count },
      ];
    }),
  );
}
