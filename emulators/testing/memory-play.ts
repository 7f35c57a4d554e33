/**
 * Memory play: a pipeline in the memory world, from its launch through a test's input to its end.
 *
 * Owns: the order of the steps, and when a run has ended. Does not own: the mesh (memory/), or what
 * is expected of the run (run-pipeline.ts).
 */
import { type Duration, toMs } from "../../sdk/model/duration.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import {
  ingestsOf,
  type PipelineScript,
  type ScriptStep,
  scriptOf,
} from "../../sdk/testing/script-steps.ts";
import {
  MemoryMesh,
  type MemoryMeshOptions,
  type PublishedMessage,
} from "../memory/memory-mesh.ts";
import { stageLines } from "./stage-lines.ts";

/** Values for the topics that a pipeline reads. */
export interface InputOptions {
  /** By topic, or subscription that exists already: JSON values, bytes, or `message(…)`. */
  readonly input?: Readonly<Record<string, readonly unknown[]>>;
  /** Messages that are published together; all of a topic where left out. */
  readonly portion?: number;
  /** How much processing time passes after each portion; 2 s where left out. */
  readonly pause?: Duration;
}

/** How a pipeline is played. */
export interface PlayOptions extends InputOptions, Omit<MemoryMeshOptions, "files"> {}

/** A run that has ended. */
export interface MemoryPlay {
  readonly mesh: MemoryMesh;
  /** Texts of the files that sinks wrote, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** A message with attributes, for a topic. */
export class InputMessage {
  readonly value: unknown;
  readonly attributes: Readonly<Record<string, string>>;

  /** @internal Use `message`. */
  constructor(value: unknown, attributes: Readonly<Record<string, string>>) {
    this.value = value;
    this.attributes = attributes;
  }
}

/**
 * Returns a message with attributes, for the input of a run.
 *
 * @param value - bytes are the message's data as they are; anything else is data as JSON
 * @example runPipeline(orders, { input: { orders: [message({ n: 1 }, { at: "5" })] } })
 */
export function message(
  value: unknown,
  attributes: Readonly<Record<string, string>>,
): InputMessage {
  return new InputMessage(value, attributes);
}

const PAUSE_MS = 2_000;
/** A run that has not ended after so much processing time, a day, stands still. */
const RUN_MS_MAX = 86_400_000;
/** So many deliveries refused in a row, and the run fails with the last refusal's error. */
const REFUSALS_MAX = 200;

/**
 * Plays a pipeline: bounded sources until they are read, topics until the input is taken, test
 * streams to their last step; then, unless a test stream stays open, until the job is DONE or nothing
 * goes on any more.
 *
 * @throws ERR_OPTION if `input` is for a topic that the pipeline does not read
 * @throws ERR_ASSERTION if the run does not end
 * @throws what only the author can mend, and what refuses a delivery again and again
 */
export async function playInMemory(
  pipeline: Pipeline,
  {
    input = {},
    portion = Number.POSITIVE_INFINITY,
    pause = PAUSE_MS,
    ...options
  }: PlayOptions = {},
): Promise<MemoryPlay> {
  const script = scriptOf(pipeline.graph);
  const pauseMs = toMs(pause, "pause");
  const files = new Map<string, string>();
  const writer = {
    async write(path: string, text: string) {
      files.set(path, text);
    },
  };
  const mesh = new MemoryMesh(pipeline, { refusalsMax: REFUSALS_MAX, ...options, files: writer });
  requireTopics(mesh, Object.keys(input));
  try {
    await mesh.launch();
    for (const [topic, values] of Object.entries(input)) {
      await give(mesh, topic, values, portion, pauseMs);
    }
    if (script.steps.length > 0) await follow(mesh, script);
    if (script.isEnded) await end(mesh);
  } finally {
    await mesh.stop();
  }
  return { mesh, files };
}

async function give(
  mesh: MemoryMesh,
  topic: string,
  values: readonly unknown[],
  portion: number,
  pauseMs: number,
): Promise<void> {
  for (let from = 0; from < values.length; from += portion) {
    await mesh.publish(topic, values.slice(from, from + portion).map(messageOf));
    // What comes in after the end of the input would be late.
    do await mesh.run(mesh.clock.nowMs() + pauseMs);
    while (mesh.mailboxes.backlog(topic) > 0);
  }
}

async function follow(mesh: MemoryMesh, { steps }: PipelineScript): Promise<void> {
  await mesh.settle();
  for (const step of steps) await take(mesh, step);
}

async function take(mesh: MemoryMesh, step: ScriptStep): Promise<void> {
  if (step.kind === "processingTime") return mesh.advance(step.byMs);
  for (const { topic } of ingestsOf(step, mesh.plan)) {
    await mesh.publish(topic, [{ data: step.data }]);
  }
  await mesh.settle();
}

async function end(mesh: MemoryMesh): Promise<void> {
  if ((await mesh.job())?.state === "DONE") return;
  await mesh.drain();
  await mesh.run(mesh.clock.nowMs() + RUN_MS_MAX);
  if ((await mesh.job())?.state === "DONE") return;
  throw new MeshError(
    "ERR_ASSERTION",
    `The run of ${mesh.plan.pipeline} does not end:\n${stageLines(await mesh.status())}`,
  );
}

function messageOf(value: unknown): PublishedMessage {
  if (value instanceof InputMessage) {
    return { ...messageOf(value.value), attributes: value.attributes };
  }
  return { data: value instanceof Uint8Array ? value : JSON.stringify(value) };
}

function requireTopics({ plan }: MemoryMesh, topics: readonly string[]): void {
  const read = plan.stages.flatMap(({ ingest }) => ingest?.topic ?? ingest?.subscription ?? []);
  const unknown = topics.find((topic) => !read.includes(topic));
  if (unknown === undefined) return;
  const words =
    read.length === 0 ? "no topic at all" : read.map((topic) => `"${topic}"`).join(", ");
  throw new MeshError(
    "ERR_OPTION",
    `input: pipeline ${plan.pipeline} does not read the topic "${unknown}"; it reads ${words}.`,
  );
}
