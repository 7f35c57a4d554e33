/**
 * Construction: what happens while an author's module builds its graph.
 *
 * Owns: running the module once, with marks in its text. Does not own: what follows from what was
 * seen (author-flow.ts).
 *
 * CN1. Marks change nothing that the module can see but the texts of its functions.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyNode, CallExpression } from "acorn";
import type { compile } from "../sdk/compile/compile.ts";
import type { GraphNode, NodeId } from "../sdk/model/graph.ts";
import { ownFile } from "../sdk/model/own-file.ts";
import { PCollection } from "../sdk/pcollection.ts";
import { isPipeline, type Pipeline, Root } from "../sdk/pipeline.ts";
import {
  type AnyFunction,
  type Binding,
  type Bindings,
  isFunction,
  partsOf,
} from "./author-names.ts";

/** A module that can be run. */
export interface ConstructionInput {
  readonly text: string;
  /** Its statements that are the author's. */
  readonly statements: readonly AnyNode[];
  readonly bindings: Bindings;
  readonly sdk: ReadonlyMap<Binding, string>;
}

/** What was seen. */
export interface Construction {
  readonly pipeline: Pipeline;
  /** Functions that ran. */
  readonly ran: ReadonlySet<AnyFunction>;
  /** Calls of the SDK's transforms, with the nodes that each made. */
  readonly calls: ReadonlyMap<CallExpression, readonly NodeId[]>;
}

const sdk = (file: string): string =>
  JSON.stringify(new URL(`../${ownFile(`sdk/${file}`)}`, import.meta.url).href);

/** Views are read by other transforms than the one that is made by the call: they are left out. */
const methods: ReadonlySet<string> = new Set(
  [PCollection, Root]
    .flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype))
    .filter((name) => name !== "constructor" && !/^as[A-Z]/.test(name)),
);

/** Text to put into another. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** Returns what was seen; undefined if the module gives no pipeline. @throws what it throws */
export async function construct(input: ConstructionInput): Promise<Construction | undefined> {
  const functions: AnyFunction[] = [];
  const calls: CallExpression[] = [];
  const insertions: Insertion[] = [];
  const mark = (node: AnyNode): void => {
    if (isFunction(node)) {
      insertions.push(...marksOf(node, functions.length));
      functions.push(node);
    } else if (node.type === "CallExpression") {
      if (isMethod(node)) {
        const { start, end } = node.callee.object;
        insertions.push({ at: start, text: `$tmOf(${calls.length},(` }, { at: end, text: "))" });
      }
      calls.push(node);
    }
    for (const part of partsOf(node)) mark(part);
  };
  for (const statement of input.statements) mark(statement);
  const head = headOf(input);
  // A stable sort: what is around something else was marked before it.
  insertions.sort((a, b) => a.at - b.at);
  const text = `${head}${insertedInto(input.text, insertions)}`;
  const { exports, name } = await importText(text);
  const { default: pipeline, $tmCompile, $tmRan, $tmOther } = exports;
  if (!isPipeline(pipeline)) return undefined;
  $tmCompile(pipeline);
  const offsetOf = offsets(text, name, head.length, insertions);
  const isTransform = (node: CallExpression, i: number): boolean =>
    isMethod(node) ? !$tmOther.has(i) : isSdkFunction(node, input);
  const made = Map.groupBy(pipeline.graph.nodes, (node) => callAt(offsetOf(node), calls));
  return {
    pipeline,
    ran: new Set(functions.filter((_, i) => $tmRan.has(i))),
    calls: new Map(
      calls.flatMap((node, i) => {
        const nodes = made.get(node)?.map(({ id }) => id);
        return nodes !== undefined && isTransform(node, i) ? [[node, nodes] as const] : [];
      }),
    ),
  };
}

type Method = CallExpression & {
  readonly callee: Extract<AnyNode, { type: "MemberExpression" }>;
};

function isMethod(node: CallExpression): node is Method {
  const { callee, optional } = node;
  if (callee.type !== "MemberExpression" || callee.computed || callee.optional) return false;
  const { object, property } = callee;
  if (optional || object.type === "Super" || property.type !== "Identifier") return false;
  return methods.has(property.name);
}

function isSdkFunction({ callee }: CallExpression, input: ConstructionInput): boolean {
  const binding = callee.type === "Identifier" ? input.bindings.get(callee) : undefined;
  return binding !== undefined && input.sdk.has(binding);
}

function marksOf({ body }: AnyFunction, number: number): Insertion[] {
  if (body.type === "BlockStatement") {
    return [{ at: body.start + 1, text: `$tmRan.add(${number});` }];
  }
  return [
    { at: body.start, text: `($tmRan.add(${number}),` },
    { at: body.end, text: ")" },
  ];
}

/** What a bundle has for its modules; Google's clients are those of this process. */
const surroundings: Readonly<Record<string, string>> = {
  require: "$tmRequire(import.meta.url)",
  __filename: "import.meta.filename",
  __dirname: "import.meta.dirname",
  googleClients: `{of:new Proxy({},{get:(_,name)=>()=>$tmRequire(${JSON.stringify(import.meta.url)})(name)})}`,
};

/** What stands before the module's text. */
function headOf({ bindings }: ConstructionInput): string {
  const declared = new Set([...bindings.values()].map(({ name }) => name));
  const isSdk = "it instanceof $tmPCollection||it instanceof $tmRoot";
  return [
    'import{createRequire as $tmRequire}from"node:module"',
    `import{compile as $tmCompile}from${sdk("compile/compile.ts")}`,
    `import{PCollection as $tmPCollection}from${sdk("pcollection.ts")}`,
    `import{Root as $tmRoot}from${sdk("pipeline.ts")}`,
    ...Object.entries(surroundings).flatMap(([name, value]) =>
      declared.has(name) ? [] : [`const ${name}=${value}`],
    ),
    "const $tmRan=new Set(),$tmOther=new Set()",
    `const $tmOf=(i,it)=>{if(!(${isSdk}))$tmOther.add(i);return it}`,
    "export{$tmCompile,$tmRan,$tmOther}",
    "\n",
  ].join(";");
}

function insertedInto(text: string, insertions: readonly Insertion[]): string {
  let at = 0;
  const parts = insertions.map((insertion) => {
    const part = text.slice(at, insertion.at) + insertion.text;
    at = insertion.at;
    return part;
  });
  return parts.join("") + text.slice(at);
}

interface Exports {
  readonly default?: unknown;
  readonly $tmCompile: typeof compile;
  readonly $tmRan: ReadonlySet<number>;
  readonly $tmOther: ReadonlySet<number>;
}

async function importText(text: string): Promise<{ exports: Exports; name: string }> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-construct-"));
  try {
    const file = join(folder, "module.mjs");
    await writeFile(file, text);
    const exports = (await import(pathToFileURL(file).href)) as Exports;
    return { exports, name: `${basename(folder)}/module.mjs` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns what tells where in the module's own text a node was made. */
function offsets(
  text: string,
  name: string,
  headLength: number,
  insertions: readonly Insertion[],
): (node: GraphNode) => number | undefined {
  const lines = text.split("\n");
  const starts = [0];
  for (const line of lines) starts.push((starts.at(-1) ?? 0) + line.length + 1);
  return ({ place }) => {
    if (place === undefined || !place.file.endsWith(name)) return undefined;
    const marked = (starts[place.line - 1] ?? 0) + place.column - 1 - headLength;
    let shift = 0;
    for (const insertion of insertions) {
      if (insertion.at + shift > marked) break;
      shift += insertion.text.length;
    }
    return marked - shift;
  };
}

/** The innermost call whose callee stands there. */
function callAt(
  offset: number | undefined,
  calls: readonly CallExpression[],
): CallExpression | undefined {
  if (offset === undefined) return undefined;
  return calls
    .filter(({ callee }) => callee.start <= offset && offset <= callee.end)
    .reduce<CallExpression | undefined>(
      (inner, node) =>
        inner === undefined ||
        (node.callee.start >= inner.callee.start && node.callee.end <= inner.callee.end)
          ? node
          : inner,
      undefined,
    );
}
