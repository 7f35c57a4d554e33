/**
 * Foreign code: a stage's copy of the author's module, in which functions of other stages are empty.
 *
 * Every bundle builds the whole graph, and so needs the author's whole module, but of most functions
 * only that they are there: those run when elements come, and no others than the nodes of one stage
 * call them. In the copies of all other stages something stands in their place that throws. So an
 * edit of a function changes the bundles of the stages that may run it, and `pulumi up` replaces
 * their functions alone.
 *
 *     author's files ─▶ one text ─▶ run once, with marks ─▶ who may call what ─▶ a text a stage
 *
 * FC1. A function is emptied only where it did not run while the graph was built, and can be called
 *      only by way of transforms that the stage does not run (author-flow.ts). All else stays.
 * FC2. The graph without it is the same: it has the same plan.
 * FC3. What is run by mistake throws, and its elements are kept and come again.
 *
 * In every bundle, so that an edit changes them all, stay: what runs while the graph is built; what
 * is no function; what a function of the author's is given or returns there (`keyBy(byField("x"))`);
 * what another library is given; methods of an object whose constructor hands on `this`; packages.
 */

import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type AnyNode, type Program, parse } from "acorn";
import { type BuildOptions, build, type Plugin, transform } from "esbuild";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import type { GraphNode, NodeId } from "../sdk/model/graph.ts";
import { AuthorFlow } from "./author-flow.ts";
import {
  type AnyFunction,
  type Binding,
  type Bindings,
  bindingsOf,
  partsOf,
} from "./author-names.ts";
import { type Construction, construct } from "./construction.ts";

/** What is built. */
export interface ForeignCodeInput {
  /** Absolute path of the author's module. */
  readonly file: string;
  readonly plan: MeshPlan;
  /** How all code of a function is built; what it imports from elsewhere. */
  readonly options: BuildOptions & { readonly plugins: Plugin[] };
  /** Absolute paths of the SDK's modules, by the names that authors import them by. */
  readonly sdk: Readonly<Record<string, string>>;
  /** Told why nothing can be left out, as words that go on after "because". */
  readonly onWhole: (because: string) => void;
}

/** The author's module for each bundle. */
export interface OwnModules {
  /** What an entry imports, by stage id or `tracker`. */
  readonly nameOf: (bundle: string) => string;
  readonly plugin: Plugin;
}

/** Returns the module for each stage. @throws BuildFailure if it can't be built */
export async function withoutForeignCode(input: ForeignCodeInput): Promise<OwnModules> {
  const module = await moduleOf(input);
  const foreign = await foreignFunctions(module, input);
  return {
    nameOf: (bundle) => `${PREFIX}${bundle}`,
    plugin: ownModules(input, (bundle) => emptied(module.text, foreign(bundle))),
  };
}

const PREFIX = "author:";

/** What authors import the SDK by. */
const SDK = "tidemark";

/** What an emptied function calls. */
const CALLED = "$tmForeign";

const words =
  "This function is of another stage, and was left out of this one: a fault of Tidemark. Deploy with tidemark:wholeModules true, so that nothing is left out, and please report it with the pipeline.";

/** The author's files as one text, in which imports of the SDK are left. */
interface AuthorModule {
  readonly text: string;
  readonly map: string;
}

async function moduleOf({ file, options, sdk }: ForeignCodeInput): Promise<AuthorModule> {
  const { outputFiles = [] } = await build({
    ...options,
    minify: false,
    minifyWhitespace: false,
    minifySyntax: false,
    entryPoints: [file],
    outfile: `${file}.mjs`,
    format: "esm",
    write: false,
    sourcemap: "external",
    sourcesContent: false,
    // As it is in the bundle, but said of the author's line.
    supported: { "top-level-await": false },
    plugins: [sdkOutside(sdk), ...options.plugins],
  });
  const textOf = (suffix: string): string =>
    outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? "";
  return { text: textOf(".mjs"), map: textOf(".mjs.map") };
}

/** Leaves the SDK's modules out, as what they are called in every process. */
function sdkOutside(sdk: ForeignCodeInput["sdk"]): Plugin {
  const folders = new Set(Object.values(sdk).map(dirname));
  return {
    name: "tidemark-sdk-outside",
    setup(builder) {
      const outside = (path: string) => ({ path: pathToFileURL(path).href, external: true });
      builder.onResolve({ filter: /^[^/]/ }, async ({ path, pluginData, ...from }) => {
        const known = sdk[path];
        if (known !== undefined) return outside(known);
        if (!path.startsWith(".") || pluginData === sdkOutside) return undefined;
        const { importer, namespace, resolveDir, kind } = from;
        const options = { importer, namespace, resolveDir, kind, pluginData: sdkOutside };
        const found = await builder.resolve(path, options);
        return folders.has(dirname(found.path)) ? outside(found.path) : undefined;
      });
    },
  };
}

/** Lets entries import their stage's copy. */
function ownModules({ file }: ForeignCodeInput, textOf: (bundle: string) => string): Plugin {
  return {
    name: "tidemark-own-modules",
    setup(builder) {
      builder.onResolve({ filter: /^author:/ }, ({ path }) => {
        return { path: path.slice(PREFIX.length), namespace: "author" };
      });
      builder.onResolve({ filter: /^file:/, namespace: "author" }, ({ path, kind }) =>
        builder.resolve(fileURLToPath(path), { kind, resolveDir: dirname(file) }),
      );
      builder.onLoad({ filter: /.*/, namespace: "author" }, async ({ path }) => {
        // Before the build: what is left out there has kept its neighbours apart, and so shows.
        const { code } = await transform(textOf(path), { format: "esm", treeShaking: true });
        return { contents: code, loader: "js", resolveDir: dirname(file) };
      });
    },
  };
}

type ForeignTo = (bundle: string) => readonly AnyFunction[];

async function foreignFunctions(
  { text, map }: AuthorModule,
  { plan, sdk, onWhole }: ForeignCodeInput,
): Promise<ForeignTo> {
  /** What can't be followed stays as it is. */
  const nothing = (because: string): ForeignTo => {
    onWhole(because);
    return () => [];
  };
  let program: Program;
  try {
    program = parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true });
  } catch (error) {
    // Newer than the parser, or sloppy code of a package.
    return nothing(`its code could not be read: ${messageOf(error)}`);
  }
  const bindings = bindingsOf(program);
  const isAuthors = authorsOf(map);
  const statements = new Set<AnyNode>(program.body.filter(isAuthors));
  if ([...statements].some((statement) => callsEval(statement, bindings))) {
    return nothing("it calls eval, which may name anything");
  }
  const imported = importsOf(program, bindings, sdk);
  let seen: Construction | undefined;
  try {
    seen = await construct({ text, statements: [...statements], bindings, sdk: imported });
  } catch (error) {
    return nothing(`its module, run a second time, threw ${messageOf(error)}`);
  }
  const nodes = seen?.pipeline.graph.nodes ?? [];
  if (seen === undefined || !hasAll(nodes, plan)) {
    return nothing("its module, run a second time, gave another pipeline");
  }
  const { ran, calls } = seen;
  const flow = new AuthorFlow({
    ...{ program, bindings, ran, calls, sdk: imported },
    isAuthors: (statement) => statements.has(statement),
  });
  return (bundle) => {
    const own = runBy(bundle, plan, nodes);
    return flow.foreignTo((node) => own.has(node));
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns whether a statement is of the author's files: packages stay as they are. */
function authorsOf(map: string): (statement: AnyNode) => boolean {
  const entries = new SourceMap(JSON.parse(map) as SourceMapPayload);
  return ({ loc }) => {
    if (loc == null) return false;
    const { start, end } = loc;
    const entry = entries.findEntry(start.line - 1, start.column);
    if (!("originalSource" in entry)) return false;
    const [line, column] = [entry.generatedLine + 1, entry.generatedColumn];
    const isBefore = line < start.line || (line === start.line && column < start.column);
    const isBehind = line > end.line || (line === end.line && column >= end.column);
    return !isBefore && !isBehind && !entry.originalSource.includes("/node_modules/");
  };
}

/** Code that is made of text may name anything. */
function callsEval(node: AnyNode, bindings: Bindings): boolean {
  if (node.type === "Identifier") return node.name === "eval" && !bindings.has(node);
  return partsOf(node).some((part) => callsEval(part, bindings));
}

function importsOf(
  { body }: Program,
  bindings: Bindings,
  sdk: ForeignCodeInput["sdk"],
): Map<Binding, string> {
  const urls = new Set(
    [sdk[SDK]].flatMap((path) => (path === undefined ? [] : [pathToFileURL(path).href])),
  );
  const imported = new Map<Binding, string>();
  for (const statement of body) {
    if (statement.type !== "ImportDeclaration" || !urls.has(String(statement.source.value)))
      continue;
    for (const specifier of statement.specifiers) {
      const binding = bindings.get(specifier.local);
      if (binding === undefined || specifier.type !== "ImportSpecifier") continue;
      const { imported: name } = specifier;
      imported.set(binding, name.type === "Identifier" ? name.name : String(name.value));
    }
  }
  return imported;
}

function hasAll(nodes: readonly GraphNode[], { stages }: MeshPlan): boolean {
  const ids = new Set(nodes.map(({ id }) => id));
  return stages.every((stage) => stage.nodes.every((id) => ids.has(id)));
}

/**
 * Returns the nodes whose code a bundle may run: those of its stage; combines behind it, into which it
 * folds (what it sends to other shuffles, the SDK's own coders write); and what assigns the windows
 * that its nodes merge or map.
 */
function runBy(
  bundle: string,
  { stages, edges }: MeshPlan,
  nodes: readonly GraphNode[],
): Set<NodeId> {
  const own = new Set(stages.find(({ id }) => id === bundle)?.nodes);
  const behind = new Set(edges.flatMap(({ from, to }) => (from === bundle ? [to] : [])));
  const roots = new Set(stages.filter(({ id }) => behind.has(id)).map(({ root }) => root));
  const before = new Set(nodes.filter(({ id }) => own.has(id)));
  for (const node of before) {
    for (const input of node.inputs) before.add(input);
  }
  const others = [
    ...nodes.filter(({ id, kind }) => roots.has(id) && kind === "combinePerKey"),
    ...[...before].filter(({ kind }) => kind === "windowInto"),
  ];
  return new Set([...own, ...others.map(({ id }) => id)]);
}

function emptied(text: string, functions: readonly AnyFunction[]): string {
  if (functions.length === 0) return text;
  let at = 0;
  const parts = [...functions]
    .sort((a, b) => a.start - b.start)
    .map((node) => {
      const part = text.slice(at, node.start) + emptyOf(node, text);
      at = node.end;
      return part;
    });
  const sdk = `import{MeshError as $tmError}from${JSON.stringify(SDK)};`;
  const called = `const ${CALLED}=()=>{throw new $tmError("ERR_INVARIANT",${JSON.stringify(words)})};`;
  return `${sdk}${called}${parts.join("")}${text.slice(at)}`;
}

/** A function of the same kind, name and `length`. */
function emptyOf(node: AnyFunction, text: string): string {
  const optional = node.params.findIndex(
    ({ type }) => type === "AssignmentPattern" || type === "RestElement",
  );
  const length = optional === -1 ? node.params.length : optional;
  const parameters = Array.from({ length }, (_, i) => `$${i}`);
  // A setter must have one.
  if (optional === 0) parameters.push("$0=0");
  const isAsync = node.async ? "async " : "";
  if (node.type === "ArrowFunctionExpression") return `${isAsync}(${parameters})=>${CALLED}()`;
  const rest = `(${parameters}){${CALLED}()}`;
  // Of a method, the node begins at its parameters.
  if (text[node.start] === "(") return rest;
  return `${isAsync}function${node.generator ? "*" : ""} ${node.id?.name ?? ""}${rest}`;
}
