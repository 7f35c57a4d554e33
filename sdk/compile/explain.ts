/**
 * Explain: a plan in words, for `tidemark plan`.
 *
 * Owns: the text. Does not own: colours and tables (cli/).
 */
import {
  type GraphNode,
  isShuffle,
  type PipelineGraph,
  type StatefulParDoNode,
} from "../model/graph.ts";
import type { EdgePlan, MeshPlan, StagePlan } from "./plan.ts";
import { durationWords, windowingWords } from "./windowing-words.ts";

/**
 * Returns what a plan does, in lines of plain text: each stage with its transforms, why it is cut
 * there, its mailbox and windowing, and where its elements go.
 *
 * @param plan - made of `graph`
 * @example console.log(explainPlan(compile(flights), flights.graph))
 */
export function explainPlan(plan: MeshPlan, graph: PipelineGraph): string {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const total = plan.stages.length;
  const lines = [
    `Pipeline ${plan.pipeline}: ${total === 1 ? "1 function" : `${total} functions`}, plan ${plan.hash}`,
    ...plan.stages.flatMap((stage, i) => ["", ...explainStage(plan, stage, i + 1, nodes)]),
    "",
    `Dead letters go to ${plan.deadLetterTopic}.`,
  ];
  return lines.join("\n");
}

type Nodes = ReadonlyMap<string, GraphNode>;

function explainStage(plan: MeshPlan, stage: StagePlan, number: number, nodes: Nodes): string[] {
  const names = stage.nodes.map((id) => nodes.get(id)?.name ?? id);
  const edges = plan.edges.filter((edge) => edge.from === stage.id);
  return [
    `${number}. ${stage.id} (${stage.kind})`,
    line("why", stage.why),
    line("runs", names.join(" → ")),
    ...explainEntry(stage),
    ...explainWindowing(stage, nodes),
    ...edges.map((edge) => line("sends to", `${edge.to}${edgeWords(edge, stage)}`)),
  ];
}

function line(label: string, text: string): string {
  return `   ${label.padEnd(9)} ${text}`;
}

function edgeWords({ lift, side }: EdgePlan, from: StagePlan): string {
  if (side !== undefined) return `, all shards of it, as the side input "${side}"`;
  if (lift === "none") return "";
  if (lift === "bundle") {
    return ", each bundle folded first: one accumulator for each key and window";
  }
  return from.kind === "ingest"
    ? ", element by element: each keeps its message's id until the shard has dropped duplicates, so a bundle can't be folded first"
    : ", element by element: the trigger counts them, so a bundle can't be folded first";
}

function explainEntry(stage: StagePlan): string[] {
  const { ingest, mailbox } = stage;
  if (ingest !== undefined) {
    const from = ingest.topic === undefined ? "" : ` of topic ${ingest.topic}`;
    return [
      line("takes", `subscription ${ingest.subscription}${from}`),
      line("watermark", watermarkWords(ingest.watermark)),
    ];
  }
  const shards = stage.shards === 1 ? "1 shard" : `${stage.shards} shards`;
  return [line("mailbox", `${mailbox ?? ""}, ${shards}`), ...explainRead(stage)];
}

function explainRead({ read }: StagePlan): string[] {
  if (read === undefined) return [];
  const end = read.bounded ? "to its end" : "without end, by its watermark estimator";
  return [line("reads", read.truncates ? `${end}; a drain cuts it short` : end)];
}

function watermarkWords(policy: NonNullable<StagePlan["ingest"]>["watermark"]): string {
  if (policy.kind === "manual") return "as the test's script says";
  const rule =
    policy.kind === "trailing"
      ? `smallest event time of the last ${durationWords(policy.sampleMs)}`
      : `largest event time less ${durationWords(policy.delayMs)}`;
  const idle =
    policy.idleAfterMs === undefined
      ? "holds while no message comes"
      : `follows the clock after ${durationWords(policy.idleAfterMs)} without a message`;
  return `${rule}; ${idle}`;
}

function explainWindowing(stage: StagePlan, nodes: Nodes): string[] {
  const root = nodes.get(stage.root);
  // These two pass elements on as they come; windows are the next grouping's matter.
  if (root?.kind === "reshuffle" || root?.kind === "readEach") return [];
  if (root === undefined || !isShuffle(root)) return [];
  if (root.kind === "statefulParDo") return [line("keeps", stateWords(root.fn))];
  return stage.shuffle === undefined
    ? []
    : [line("windows", windowingWords(stage.shuffle.windowing))];
}

/** Returns in words what a DoFn keeps for each key and window. */
function stateWords({ state, timers, code }: StatefulParDoNode["fn"]): string {
  const kept = [
    ...Object.entries(state).map(([name, { kind }]) => `${name} (${kind})`),
    ...Object.entries(timers).map(([name, { domain }]) => `timer ${name} (${domain} time)`),
    ...(code.requiresTimeSortedInput === true ? ["elements until they can be sorted by time"] : []),
  ];
  return `for each key and window: ${kept.length === 0 ? "nothing" : kept.join(", ")}`;
}
