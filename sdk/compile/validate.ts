/**
 * Validate: refuses, by name and with the place in the author's file, what can't run.
 *
 * Owns: the rules that need the whole graph. Rules about one argument stand where it is given
 * (windowing/, io/, graph-builder.ts).
 *
 * L1. A pipeline writes somewhere, or runs a DoFn; a source that nobody reads on is allowed.
 * L2. A grouping on unbounded input is in windows, or has a trigger that does not wait for their
 *     end, or it would never emit (Beam's GroupByKey).
 * L3. All inputs of a flatten are windowed alike.
 * L4. Between an unbounded source and the first shuffle, what comes out follows from one message:
 *     a message that is delivered again must give the same, and `finishBundle` belongs to none.
 * L5. What reads a side input in windows is in windows itself, and side inputs' windows don't merge.
 * L6. What state and timers belong to is a window that stays as it is: a DoFn with state takes no
 *     windows that still merge.
 */
import { MeshError } from "../model/errors.ts";
import {
  type GraphNode,
  isShuffle,
  type PipelineGraph,
  type ShuffleNode,
  sideInputsOf,
} from "../model/graph.ts";
import { formatPlace } from "../model/place.ts";
import { firesBeforeEnd } from "../windowing/trigger-spec.ts";
import { isMergingFn } from "../windowing/window-fn-spec.ts";
import type { WindowingStrategy } from "../windowing/windowing-strategy.ts";
import { canonicalJson } from "./fingerprint.ts";
import { type Stage, stageKind } from "./stages.ts";

/**
 * Checks a graph.
 *
 * @throws ERR_PIPELINE for the first rule that it breaks, L1 to L3
 * @throws ERR_UNSUPPORTED if it breaks L6
 */
export function validate(graph: PipelineGraph): void {
  requireOutput(graph);
  for (const node of graph.nodes) {
    if (node.kind === "groupByKey" || node.kind === "combinePerKey") requireWindows(node);
    if (node.kind === "flatten") requireOneWindowing(node);
    if (node.kind === "statefulParDo") requireUnmerged(node);
    if (isShuffle(node)) requireSideWindows(node);
  }
}

function requireOutput(graph: PipelineGraph): void {
  if (graph.nodes.length === 0) {
    throw new MeshError(
      "ERR_PIPELINE",
      `The pipeline "${graph.name}" is empty. Begin with p.read(…) or p.create(…).`,
    );
  }
  // A DoFn may send things out by itself; anything else without a sink is lost work.
  if (graph.nodes.some(({ kind }) => doesSomething.has(kind))) return;
  const last = graph.nodes.at(-1) as GraphNode;
  throw new MeshError(
    "ERR_PIPELINE",
    `Nothing would come out of the pipeline "${graph.name}": it has no .write(…). Its last transform is ${nameNode(last)}; write somewhere after it.`,
  );
}

const doesSomething: ReadonlySet<GraphNode["kind"]> = new Set<GraphNode["kind"]>([
  "sink",
  "parDo",
  "statefulParDo",
]);

/**
 * Checks the stages of a graph.
 *
 * @throws ERR_UNSUPPORTED for a DoFn that breaks L4
 */
export function validateStages(stages: readonly Stage[]): void {
  for (const { root, nodes } of stages) {
    if (stageKind(root) !== "ingest") continue;
    for (const node of nodes) {
      if (node.kind !== "parDo" || node.fn.finishBundle === undefined) continue;
      throw new MeshError(
        "ERR_UNSUPPORTED",
        `${nameNode(node)} has a finishBundle, but runs on messages before their first shuffle: a message that is delivered again could not be told from a new one in what it emits. Put .reshuffle() before it.`,
      );
    }
  }
}

/** L2: what waits for the end of the window waits for good where unbounded input never reaches it. */
function requireWindows(node: GraphNode): void {
  const [input] = node.inputs;
  if (input === undefined || input.bounded) return;
  const { windowFn, trigger } = input.windowing;
  if (windowFn.kind !== "global" || firesBeforeEnd(trigger)) return;
  throw new MeshError(
    "ERR_PIPELINE",
    `${nameNode(node)} would never emit: its input is unbounded and in the global window, which has no end, and its trigger waits for one. Put .windowInto(fixedWindows({ minutes: 1 })) before it, or give the window a trigger that fires early, such as repeatedly(afterCount(100)).`,
  );
}

/** L6. */
function requireUnmerged(node: GraphNode): void {
  if (!node.inputs.some(({ windowing }) => windowing.merging === "needed")) return;
  throw new MeshError(
    "ERR_UNSUPPORTED",
    `${nameNode(node)} has state, but its input's windows still merge, and state can't be merged. Group by key first, which merges the windows, or put .windowInto(fixedWindows(…)) before it.`,
  );
}

/** L5: the global window ends in no certain window of a side input. */
function requireSideWindows(node: ShuffleNode): void {
  for (const { name, view } of sideInputsOf(node)) {
    if (isMergingFn(view.windowing.windowFn)) {
      throw new MeshError(
        "ERR_UNSUPPORTED",
        `${nameNode(node)}: the side input "${name}" is in windows that merge, so that no certain one is the one to read. Put .windowInto(fixedWindows(…)) or .windowInto(globalWindow()) before it.`,
      );
    }
    const isGlobal = view.windowing.windowFn.kind === "global";
    if (isGlobal || node.windowing.windowFn.kind !== "global") continue;
    throw new MeshError(
      "ERR_PIPELINE",
      `${nameNode(node)}: its input is in the global window, but the side input "${name}" is not, so that no window of it is the one to read. Put .windowInto(globalWindow()) before the side input, or windows before the ParDo.`,
    );
  }
}

/** L3. */
function requireOneWindowing(node: GraphNode): void {
  const [first, ...rest] = node.inputs;
  if (first === undefined) return;
  for (const other of rest) {
    const difference = differing(first.windowing, other.windowing);
    if (difference === undefined) continue;
    throw new MeshError(
      "ERR_PIPELINE",
      `${nameNode(node)}: its inputs are windowed differently. ${nameNode(first)} and ${nameNode(other)} differ in ${difference}. Apply the same .windowInto(…) to both.`,
    );
  }
}

function differing(a: WindowingStrategy, b: WindowingStrategy): string | undefined {
  const names = Object.keys(a) as (keyof WindowingStrategy)[];
  const differences = names
    .filter((name) => canonicalJson(a[name]) !== canonicalJson(b[name]))
    .map((name) => `${name} (${canonicalJson(a[name])} and ${canonicalJson(b[name])})`);
  return differences.length === 0 ? undefined : differences.join(", ");
}

/** Returns a node as errors name it. */
function nameNode(node: GraphNode): string {
  return `"${node.name}" at ${formatPlace(node.place)}`;
}
