/**
 * pipeline: where a pipeline begins.
 *
 * Owns: the pipeline's name, its roots, and when it is finished. The function that applies the
 * transforms runs at once and once in each process; it must do the same each time (graph.ts, G2).
 */
import { GraphBuilder, type TransformOptions } from "./graph-builder.ts";
import type { Source } from "./io/source.ts";
import type { SourceSpec } from "./io/source-spec.ts";
import { MeshError } from "./model/errors.ts";
import type { PipelineGraph } from "./model/graph.ts";
import type { TimestampLike } from "./model/time.ts";
import { PCollection } from "./pcollection.ts";
import { DEFAULT_WINDOWING } from "./windowing/windowing-strategy.ts";

const mark = Symbol.for("tidemark.pipeline");

/**
 * A pipeline that is built and can't change: what `compile` and the mesh take.
 *
 * @example const plan = compile(flights)
 */
export interface Pipeline {
  readonly name: string;
  readonly graph: PipelineGraph;
}

/** Options of `p.create`. */
export interface CreateOptions<T> extends TransformOptions {
  /** Event time of an element, in ms since the epoch or as a Date; -∞ where left out. */
  readonly timestamp?: (element: T) => TimestampLike;
}

/** Where PCollections come from: `p` in `pipeline("name", (p) => …)`. */
export class Root {
  readonly #builder: GraphBuilder;

  /** @internal Use `pipeline`. */
  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /** The elements of a source. */
  read<T>(source: Source<T>, options: TransformOptions = {}): PCollection<T> {
    return this.#add(source.source, `read ${describeSource(source.source)}`, options);
  }

  /** Elements that stand in the pipeline itself. */
  create<T>(elements: Iterable<T>, options: CreateOptions<T> = {}): PCollection<T> {
    const source = Object.freeze({
      type: "create",
      elements: Object.freeze([...elements]),
      timestamp: options.timestamp as ((element: unknown) => TimestampLike) | undefined,
    });
    return this.#add(source, "create", options);
  }

  /**
   * The elements of several PCollections; of none, an empty bounded one.
   *
   * @throws ERR_PIPELINE if one of them belongs to another pipeline
   */
  flatten<T>(inputs: readonly PCollection<T>[], options: TransformOptions = {}): PCollection<T> {
    const [first, ...rest] = inputs;
    return first === undefined ? this.create<T>([], options) : first.flatten(rest, options);
  }

  #add<T>(source: SourceSpec, fallback: string, { name }: TransformOptions): PCollection<T> {
    const bounded = isBounded(source);
    const base = { inputs: [], windowing: DEFAULT_WINDOWING, bounded };
    const node = this.#builder.add({ kind: "source", source, ...base }, { name, fallback });
    return new PCollection<T>(this.#builder, node);
  }
}

/**
 * Returns the pipeline that `build` applies.
 *
 * @param name - of the pipeline, and the beginning of the names of its topics and functions: at most
 *   40 of a-z, 0-9 and -, beginning with a letter, not ending with -
 * @param build - applies transforms to `p`, at once and synchronously; must always do the same
 * @throws ERR_PIPELINE if the name can't be one, or `build` is asynchronous
 * @example
 * export default pipeline("words", (p) => {
 *   p.read(files.text("lear.txt"))
 *     .flatMap((line) => line.split(/\W+/))
 *     .keyBy((word) => word)
 *     .combinePerKey(count())
 *     .write(files.ndjson("out/counts"));
 * });
 */
export function pipeline(name: string, build: (p: Root) => void): Pipeline {
  requireName(name);
  const builder = new GraphBuilder(name);
  const result: unknown = build(new Root(builder));
  if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
    throw new MeshError(
      "ERR_PIPELINE",
      `The function that builds the pipeline "${name}" is asynchronous. Load what it needs before pipeline(), with a synchronous read.`,
    );
  }
  const built = { name, graph: builder.finish() };
  return Object.freeze(Object.defineProperty(built, mark, { value: true }));
}

/**
 * Returns whether `x` is a pipeline, also one of another copy of the SDK.
 *
 * @example if (!isPipeline(module.default)) throw new Error("export a pipeline as default")
 */
export function isPipeline(x: unknown): x is Pipeline {
  return typeof x === "object" && x !== null && (x as { [mark]?: unknown })[mark] === true;
}

function requireName(name: string): void {
  if (/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return;
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  throw new MeshError(
    "ERR_PIPELINE",
    `"${name}" can't be the name of a pipeline: it takes 1 to 40 of a-z, 0-9 and -, begins with a letter and does not end with -. Try "${slug === "" ? "my-pipeline" : slug}".`,
  );
}

function isBounded(source: SourceSpec): boolean {
  if (source.type === "splittable") return source.fn.bounded;
  return source.type !== "pubsub" && source.type !== "test";
}

function describeSource(source: SourceSpec): string {
  if (source.type === "create") return "create";
  if (source.type === "file") return `${source.format} ${source.path}`;
  if (source.type === "splittable") return source.fn.name;
  if (source.type === "test") return source.name;
  return `pubsub ${source.topic ?? source.subscription ?? ""}`;
}
