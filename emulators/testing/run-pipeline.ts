/**
 * Run pipeline: a pipeline in the memory world, from any test, in milliseconds.
 *
 * Owns: what a run gives back, and when it throws. Does not own: playing it (memory-play.ts), or
 * comparing (sdk/testing).
 *
 * RP1. A run that resolves has ended, all checks of its assertions ran and passed, and no element
 *      became a dead letter unless that was allowed.
 */
import {
  type MetricFilter,
  type MetricResult,
  queryMetrics,
} from "../../functions/metrics/results.ts";
import type { MeshStatus } from "../../functions/status.ts";
import { assertionsTopicName } from "../../sdk/compile/names.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { isPipeline, type Pipeline, pipeline, type Root } from "../../sdk/pipeline.ts";
import { countChecks } from "../../sdk/testing/run-checks.ts";
import type { MemoryMeshOptions } from "../memory/memory-mesh.ts";
import { jsonOf, judge, type RunDeadLetter } from "./judge.ts";
import { type InputOptions, playInMemory } from "./memory-play.ts";

/** How a pipeline is run. */
export interface RunOptions
  extends InputOptions,
    Pick<MemoryMeshOptions, "shards" | "engine" | "startMs" | "seed" | "log"> {
  /** Elements in one bundle at most: small ones show what depends on bundles. */
  readonly bundleElementsMax?: number;
  /** Dead letters end the run with an error unless this is true. */
  readonly allowDeadLetters?: boolean;
}

/** What user code counted in a run. */
export interface RunMetrics {
  /**
   * The metrics of which all that is given is so, sorted by step, namespace and name.
   *
   * @example metrics.query({ name: "dropped" })[0]?.committed
   */
  query(filter?: MetricFilter): readonly MetricResult[];
}

/** What came of a run. */
export interface RunResult {
  /** DONE; RUNNING if a test stream was not ended. */
  readonly state: MeshStatus["state"];
  readonly status: MeshStatus;
  /** What user code counted. */
  readonly metrics: RunMetrics;
  /** Checks of assertions that ran. */
  readonly checks: number;
  readonly deadLetters: readonly RunDeadLetter[];
  /** Texts of the files that sinks wrote, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Documents that sinks wrote to a collection, by id. */
  documents(collection: string): ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** The JSON values of the messages that were published to a topic, in order. */
  messages<T>(topic: string): readonly T[];
}

/**
 * Runs a pipeline in this process on virtual time, to its end, and checks its assertions.
 *
 * @param of - a pipeline, or the function that builds one
 * @throws ERR_ASSERTION if a check fails, elements became dead letters, or the run does not end
 * @throws ERR_PIPELINE if an assertion checks nothing, or the pipeline can't run
 * @throws ERR_OPTION if `input` is for a topic that the pipeline does not read
 * @example
 * const { documents } = await runPipeline(orders, { input: { orders: [{ shop: "a", total: 3 }] } });
 */
export async function runPipeline(
  of: Pipeline | ((p: Root) => void),
  options: RunOptions = {},
): Promise<RunResult> {
  const { bundleElementsMax, allowDeadLetters = false, engine, ...rest } = options;
  const built = isPipeline(of) ? of : pipeline("test", of);
  countChecks(built.graph);
  const { mesh, files } = await playInMemory(built, {
    ...rest,
    engine: { ...engine, ...(bundleElementsMax !== undefined && { bundleElementsMax }) },
  });
  const deadLetters = mesh.messages(mesh.plan.deadLetterTopic).map(jsonOf<RunDeadLetter>);
  const recorded = mesh.messages(assertionsTopicName(mesh.plan.pipeline));
  const checks = await judge(built, recorded, allowDeadLetters ? [] : deadLetters);
  const status = await mesh.status();
  return {
    state: status.state,
    status,
    metrics: { query: (filter = {}) => queryMetrics(status.metrics, filter) },
    checks,
    deadLetters,
    files,
    documents: (collection) => mesh.store.documents(collection),
    messages: <T>(topic: string) => mesh.messages(topic).map(jsonOf<T>),
  };
}

/**
 * Builds a pipeline, runs it and checks its assertions, of which there must be some.
 *
 * @throws ERR_PIPELINE if nothing is asserted, and what `runPipeline` throws
 * @example
 * await testPipeline((p) => {
 *   assertThat(p.create([1, 2]).map((n) => n * n)).containsInAnyOrder([1, 4]);
 * });
 */
export async function testPipeline(
  build: (p: Root) => void,
  options: RunOptions = {},
): Promise<RunResult> {
  const built = pipeline("test", build);
  if (countChecks(built.graph) === 0) {
    throw new MeshError(
      "ERR_PIPELINE",
      "This test asserts nothing. Add assertThat(…), or use runPipeline and look at its result.",
    );
  }
  return runPipeline(built, options);
}
