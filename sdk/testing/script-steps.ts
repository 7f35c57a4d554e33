/**
 * Script steps: all test streams of a pipeline → one list of steps in the order of the run.
 *
 * Owns: how several scripts take turns, and which sources a step is for. Pure.
 */
import type { MeshPlan } from "../compile/plan.ts";
import type { TestEvent, TestScript, TestSourceSpec } from "../io/source-spec.ts";
import { MeshError } from "../model/errors.ts";
import type { PipelineGraph, SourceNode } from "../model/graph.ts";
import { formatPlace } from "../model/place.ts";
import { MAX_TIMESTAMP } from "../model/time.ts";
import { encodeTestMessage } from "./test-message.ts";

/** One step of a run: messages for sources, or processing time. */
export type ScriptStep =
  | { readonly kind: "messages"; readonly nodes: readonly string[]; readonly data: string }
  | { readonly kind: "processingTime"; readonly byMs: number };

/** What the test streams of a pipeline say. */
export interface PipelineScript {
  /** Scripts take turns: the first step of each, then the second. */
  readonly steps: readonly ScriptStep[];
  /** Whether every test stream ends; true where there is none. */
  readonly isEnded: boolean;
}

interface TestSource {
  readonly node: SourceNode;
  readonly source: TestSourceSpec;
}

/**
 * Returns what the test streams of a pipeline say.
 *
 * @throws ERR_PIPELINE if a step is for a stream that nobody reads
 */
export function scriptOf(graph: PipelineGraph): PipelineScript {
  const sources = testSources(graph);
  const scripts = [...new Set(sources.map(({ source }) => source.script))];
  const steps: ScriptStep[] = [];
  const rounds = Math.max(0, ...scripts.map(({ events }) => events.length));
  for (let round = 0; round < rounds; round++) {
    for (const script of scripts) {
      const event = script.events[round];
      if (event !== undefined) steps.push(stepOf(event, script, sources));
    }
  }
  return { steps, isEnded: sources.every(({ source }) => ends(source)) };
}

/** Returns the stages that a step's messages go to, with their topics; a source that nobody reads has none. */
export function ingestsOf(
  { nodes }: Extract<ScriptStep, { kind: "messages" }>,
  plan: MeshPlan,
): { readonly stage: string; readonly topic: string }[] {
  return nodes.flatMap((node) => {
    const stage = plan.stages.find(({ root }) => root === node);
    const topic = stage?.ingest?.topic;
    return stage === undefined || topic === undefined ? [] : [{ stage: stage.id, topic }];
  });
}

function testSources(graph: PipelineGraph): TestSource[] {
  return graph.nodes.flatMap((node) =>
    node.kind === "source" && node.source.type === "test" ? [{ node, source: node.source }] : [],
  );
}

function stepOf(event: TestEvent, script: TestScript, sources: readonly TestSource[]): ScriptStep {
  if (event.kind === "processingTime") return event;
  const ofScript = sources.filter(({ source }) => source.script === script);
  const nodes = ofScript
    .filter(({ source }) => source.tag === event.tag)
    .map(({ node }) => node.id);
  if (nodes.length > 0) return { kind: "messages", nodes, data: encodeTestMessage(event) };
  const [other] = ofScript;
  throw new MeshError(
    "ERR_PIPELINE",
    `testStreams: there are steps for "${event.tag}", and nobody reads it. Read source("${event.tag}") too; another of these streams is read at ${formatPlace(other?.node.place)}.`,
  );
}

function ends({ script, tag }: TestSourceSpec): boolean {
  return script.events.some(
    (event) => event.kind === "watermark" && event.tag === tag && event.to === MAX_TIMESTAMP,
  );
}
