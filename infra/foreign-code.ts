/**
 * Foreign code: functions of other stages are taken out of a stage's bundle.
 *
 * Every bundle builds the whole graph, and so holds the whole of the author's module. A function that
 * is written where it is given to `map`, `flatMap`, `filter` or `keyBy` can be reached from there alone: where
 * no node of the stage runs it, something that throws stands in its place. So an edit of it changes
 * one bundle, and `pulumi up` replaces one function.
 *
 * FC1. A function is taken out only where its text stands once, as the first argument of such a call,
 *      amid the same text as where the graph was built: anything else stays in.
 * FC2. The graph without it is the same: it has the same plan.
 *
 * What has a name, and what is given in another way, stays in every bundle: its edit changes them all.
 */
import Module from "node:module";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { authorOf } from "../sdk/model/authored.ts";
import type { NodeId } from "../sdk/model/graph.ts";
import { isPipeline } from "../sdk/pipeline.ts";

/** Text before and after a function that must be the same, but for what esbuild renames. */
const CONTEXT_CHARS = 40;

const STUB = '()=>{throw Error("This function is of another stage.")}';

const call = /\.(?:map|flatMap|filter|keyBy)\($/;

/** A function of the author's, and the nodes that run it. */
interface Candidate {
  readonly text: string;
  readonly context: string;
  readonly nodes: Set<NodeId>;
}

/** A bundle that exports the pipeline as default, and does nothing else. */
export interface GraphBundle {
  readonly text: string;
  /** What must run before it, and has no code of the author's. */
  readonly before: string;
}

/**
 * Returns bundles without what their functions never run.
 *
 * @param texts - of bundles, by stage or `tracker`
 */
export function withoutForeignCode(
  texts: ReadonlyMap<string, string>,
  graph: GraphBundle,
  { stages }: MeshPlan,
): Map<string, string> {
  const candidates = candidatesOf(graph);
  return new Map(
    [...texts].map(([name, text]) => {
      const own = new Set(stages.find(({ id }) => id === name)?.nodes ?? []);
      const foreign = candidates.filter(({ nodes }) => ![...nodes].some((node) => own.has(node)));
      return [name, foreign.reduce(without, text)] as const;
    }),
  );
}

function without(text: string, { context, text: fn }: Candidate): string {
  if (!standsOnce(text, fn)) return text;
  const at = text.indexOf(fn);
  if (contextOf(text, at, fn) !== context) return text;
  return `${text.slice(0, at)}${STUB}${text.slice(at + fn.length)}`;
}

function candidatesOf({ text: graphText, before }: GraphBundle): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { id, fn } of functionsOf(`${before}${graphText}`)) {
    const text = Function.prototype.toString.call(fn);
    const known = found.get(text);
    known?.nodes.add(id);
    const at = graphText.indexOf(text);
    const isInline = call.test(graphText.slice(Math.max(at - CONTEXT_CHARS, 0), Math.max(at, 0)));
    if (known !== undefined || !isInline || !standsOnce(graphText, text)) continue;
    const context = contextOf(graphText, at, text);
    found.set(text, { text, context, nodes: new Set([id]) });
  }
  return [...found.values()];
}

/** Runs the author's module as a bundle does: V8 then knows where each function begins and ends. */
function functionsOf(graphText: string): { id: NodeId; fn: object }[] {
  const module = new Module("graph") as Module & { _compile(text: string, name: string): void };
  module._compile(graphText, "graph.cjs");
  const { default: pipeline } = module.exports as { default?: unknown };
  if (!isPipeline(pipeline)) return [];
  return pipeline.graph.nodes.flatMap((node) =>
    node.kind === "map" || node.kind === "flatMap" || node.kind === "filter"
      ? [{ id: node.id, fn: authorOf(node.fn) }]
      : [],
  );
}

/** What stands around a function; of two modules' `h` esbuild makes `h` and `h2`, in one bundle or another. */
function contextOf(text: string, at: number, fn: string): string {
  const named = (part: string): string => part.replace(/([\w$])\d+/g, "$1");
  const before = named(text.slice(Math.max(at - 2 * CONTEXT_CHARS, 0), at));
  const end = at + fn.length;
  const after = named(text.slice(end, end + 2 * CONTEXT_CHARS));
  return `${before.slice(-CONTEXT_CHARS)}…${after.slice(0, CONTEXT_CHARS)}`;
}

function standsOnce(text: string, part: string): boolean {
  const at = text.indexOf(part);
  return at !== -1 && text.indexOf(part, at + 1) === -1;
}
