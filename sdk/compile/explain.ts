/**
 * Explain: a plan in words, for `tidemark plan`.
 *
 * Owns: the text. Does not own: colours and tables (cli/).
 */
import { type GraphNode, isShuffle, type PipelineGraph } from "../model/graph.ts";
import type { WindowingStrategy } from "../windowing/windowing-strategy.ts";
import type { EdgePlan, MeshPlan, StagePlan } from "./plan.ts";

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
    ...edges.map((edge) => line("sends to", `${edge.to}${liftWords[edge.lift]}`)),
  ];
}

function line(label: string, text: string): string {
  return `   ${label.padEnd(9)} ${text}`;
}

const liftWords: Readonly<Record<EdgePlan["lift"], string>> = {
  none: "",
  bundle: ", each bundle folded first: one accumulator for each key and window",
  element:
    ", element by element: each keeps its message's id until the shard has dropped duplicates, so a bundle can't be folded first",
};

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
  return stage.shuffle === undefined
    ? []
    : [line("windows", windowingWords(stage.shuffle.windowing))];
}

/** Returns a windowing strategy in words; only what differs from the defaults is named. */
function windowingWords(windowing: WindowingStrategy): string {
  const { windowFn, allowedLatenessMs } = windowing;
  const words = [
    windowFn.kind === "global"
      ? "one global window"
      : `fixed windows of ${durationWords(windowFn.sizeMs)}${windowFn.offsetMs === 0 ? "" : `, offset ${durationWords(windowFn.offsetMs)}`}`,
    allowedLatenessMs === 0
      ? "late elements are dropped"
      : `late elements are taken for ${durationWords(allowedLatenessMs)}, each later pane ${windowing.accumulation === "accumulating" ? "holding all so far" : "holding only what is new"}`,
  ];
  if (windowing.timestampCombiner !== "endOfWindow") {
    words.push(`panes get the ${windowing.timestampCombiner} timestamp`);
  }
  if (windowing.onTime === "fireIfNonEmpty") words.push("no empty pane at the end");
  if (windowing.closing === "fireAlways") words.push("a last pane always, at closing");
  return words.join("; ");
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Returns a duration as people say it: `1 h 30 min`. */
function durationWords(durationMs: number): string {
  const words: string[] = [];
  let rest = durationMs;
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) words.push(`${amount} ${unit}`);
  }
  return words.length === 0 ? "0 s" : words.join(" ");
}
