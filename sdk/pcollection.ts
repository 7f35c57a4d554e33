/**
 * PCollection: a bag of elements that may have no end, and the transforms that can be applied to it.
 *
 * Owns: the fluent API and its types. Does not own: names and ids (graph-builder.ts), the meaning of
 * the larger transforms (transforms/).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#pcollections
 */
import { anyCoder } from "./coders/json-coder.ts";
import { keyCoder } from "./coders/key-coder.ts";
import type { GraphBuilder, NodeDraft, TransformOptions } from "./graph-builder.ts";
import type { SinkSpec } from "./io/sink-spec.ts";
import type { Sink } from "./io/source.ts";
import { requireRunnable, type SplittableDoFn } from "./io/splittable/splittable.ts";
import { MeshError } from "./model/errors.ts";
import type { AnyKV, GraphNode } from "./model/graph.ts";
import { type KeyOf, type KV, kv, type ValueOf } from "./model/kv.ts";
import { callerPlace, formatPlace } from "./model/place.ts";
import type { TimestampLike } from "./model/time.ts";
import type { StatefulDoFn } from "./state/stateful-do-fn.ts";
import { addCombinePerKey, type Fanout } from "./transforms/combine-fanout.ts";
import { addCombineGlobally } from "./transforms/combine-globally.ts";
import { type Combining, toCombineFn } from "./transforms/combine-record.ts";
import type { DoFn, None } from "./transforms/do-fn.ts";
import {
  addParDo,
  type ParDoOptions,
  type ParDoOutputs,
  type TaggedOutputs,
} from "./transforms/par-do.ts";
import {
  addView,
  type SideInput,
  type SideInputs,
  type SideValues,
} from "./transforms/side-input.ts";
import type { OutputTags, TagValues } from "./transforms/tagged-outputs.ts";
import { rewindow, type WindowOptions } from "./transforms/window-into.ts";
import { addWrite } from "./transforms/write.ts";
import type { WindowFn } from "./windowing/window-fn-spec.ts";
import { groupedWindowing } from "./windowing/windowing-strategy.ts";

type AnyPCollection = PCollection<unknown>;
type KeyedPCollection = PCollection<KV<unknown, unknown>>;

/** The element type of a PCollection. */
export type ElementOf<P> = P extends PCollection<infer T> ? T : never;

/**
 * Elements of type `T`, each with a timestamp and a window.
 *
 * Every transform makes a new PCollection and leaves this one as it is. Each takes `{ name }` last:
 * a name shows in plans, and keeps the transform's id when the pipeline around it changes.
 *
 * Any transform throws ERR_DUPLICATE_NAME if the name stands twice in one scope, and ERR_PIPELINE if
 * the pipeline is built already.
 *
 * @example lines.flatMap((line) => line.split(" ")).keyBy((word) => word).combinePerKey(count())
 */
export class PCollection<out T> {
  readonly #builder: GraphBuilder;
  readonly #node: GraphNode;
  /** Exists in types only: makes `T` count in comparisons. */
  declare readonly elementType?: () => T;

  /** @internal Use `p.read`, `p.create` and the transforms. */
  constructor(builder: GraphBuilder, node: GraphNode) {
    this.#builder = builder;
    this.#node = node;
  }

  /** @internal The path of names that plans show. */
  get name(): string {
    return this.#node.name;
  }

  /** One output for each element. `fn` is synchronous and should be deterministic. */
  map<U>(fn: (element: T) => U, options: TransformOptions = {}): PCollection<U> {
    return this.#then({ kind: "map", fn: fn as (element: unknown) => unknown }, "map", options);
  }

  /** Any number of outputs for each element. */
  flatMap<U>(fn: (element: T) => Iterable<U>, options: TransformOptions = {}): PCollection<U> {
    const draft = { kind: "flatMap", fn: fn as (element: unknown) => Iterable<unknown> } as const;
    return this.#then(draft, "flatMap", options);
  }

  /** The elements for which `predicate` holds. */
  filter<S extends T>(
    predicate: (element: T) => element is S,
    options?: TransformOptions,
  ): PCollection<S>;
  filter(predicate: (element: T) => boolean, options?: TransformOptions): PCollection<T>;
  filter(predicate: (element: T) => boolean, options: TransformOptions = {}): PCollection<T> {
    const draft = { kind: "filter", fn: predicate as (element: unknown) => boolean } as const;
    return this.#then(draft, "filter", options);
  }

  /**
   * What a DoFn emits; it knows timestamp, window and pane, and may be asynchronous. With
   * `sideInputs` it may read other PCollections as values, and with `outputs` it has several outputs.
   *
   * One that keeps state and timers for each key and window is made by `statefulDoFn`.
   *
   * @throws ERR_PIPELINE if a side input belongs to another pipeline
   * @throws ERR_OPTION if `outputs` lacks `main`
   */
  parDo<Tags extends OutputTags, Sides extends SideInputs = None>(
    this: KeyedPCollection,
    fn: StatefulDoFn<T & AnyKV, TagValues<Tags>["main"], TagValues<Tags>, SideValues<Sides>>,
    options: ParDoOptions<Sides> & { readonly outputs: Tags },
  ): TaggedOutputs<Tags>;
  parDo<U, Sides extends SideInputs>(
    this: KeyedPCollection,
    fn: StatefulDoFn<T & AnyKV, U, None, SideValues<Sides>>,
    options: ParDoOptions<Sides> & { readonly sideInputs: Sides },
  ): PCollection<U>;
  parDo<U>(
    this: KeyedPCollection,
    fn: StatefulDoFn<T & AnyKV, U>,
    options?: TransformOptions,
  ): PCollection<U>;
  parDo<Tags extends OutputTags, Sides extends SideInputs = None>(
    fn: DoFn<T, TagValues<Tags>["main"], TagValues<Tags>, SideValues<Sides>>,
    options: ParDoOptions<Sides> & { readonly outputs: Tags },
  ): TaggedOutputs<Tags>;
  parDo<U, Sides extends SideInputs>(
    fn: DoFn<T, U, None, SideValues<Sides>>,
    options: ParDoOptions<Sides> & { readonly sideInputs: Sides },
  ): PCollection<U>;
  parDo<U>(fn: DoFn<T, U>, options?: TransformOptions): PCollection<U>;
  parDo<U>(
    fn: DoFn<T, U, never, never> | StatefulDoFn<T & AnyKV, U, never, never>,
    options: ParDoOptions<SideInputs> & { readonly outputs?: OutputTags } = {},
  ): PCollection<U> | Readonly<Record<string, PCollection<unknown>>> {
    const doFn = fn as unknown as DoFn<unknown, unknown>;
    const added = addParDo(this.#builder, this.#node, doFn, options);
    if (isNode(added)) return new PCollection<U>(this.#builder, added);
    const outputs = Object.entries(added).map(
      ([tag, node]) => [tag, new PCollection<unknown>(this.#builder, node)] as const,
    );
    return Object.fromEntries(outputs);
  }

  /**
   * The only element of each window, as a side input: with panes, that of the newest. A window
   * without element gives `fallback`, or an error where it is read.
   */
  asSingleton(options: { readonly fallback?: T } = {}): SideInput<T> {
    const fallback = "fallback" in options ? { value: options.fallback } : undefined;
    return addView(this.#builder, this.#node, "singleton", fallback);
  }

  /** All elements of each window, as a side input that is read from the beginning. */
  asIterable(): SideInput<Iterable<T>> {
    return addView(this.#builder, this.#node, "iterable", undefined);
  }

  /** All elements of each window, as a side input that is read by index, in no certain order. */
  asList(): SideInput<readonly T[]> {
    return addView(this.#builder, this.#node, "list", undefined);
  }

  /** The value of each key of each window, as a side input; a key twice in one pane is an error. */
  asMap(this: KeyedPCollection): SideInput<ReadonlyMap<KeyOf<T>, ValueOf<T>>> {
    return addView(this.#builder, this.#node, "map", undefined);
  }

  /** All values of each key of each window, as a side input. */
  asMultimap(this: KeyedPCollection): SideInput<ReadonlyMap<KeyOf<T>, readonly ValueOf<T>[]>> {
    return addView(this.#builder, this.#node, "multimap", undefined);
  }

  /** Each element with its key. Equal keys are equal by value: see `encodeKey`. */
  keyBy<K>(fn: (element: T) => K, options: TransformOptions = {}): PCollection<KV<K, T>> {
    const pair = (element: unknown): unknown => kv(fn(element as T), element);
    return this.#then({ kind: "map", fn: pair }, "keyBy", options);
  }

  /** The keys of key-value pairs, one for each pair. */
  keys(this: KeyedPCollection, options: TransformOptions = {}): PCollection<KeyOf<T>> {
    return this.#then({ kind: "map", fn: (pair) => (pair as AnyKV).key }, "keys", options);
  }

  /** The values of key-value pairs. */
  values(this: KeyedPCollection, options: TransformOptions = {}): PCollection<ValueOf<T>> {
    return this.#then({ kind: "map", fn: (pair) => (pair as AnyKV).value }, "values", options);
  }

  /** The same elements at other times. @throws ERR_TIMESTAMP, when it runs, for an earlier time */
  withTimestamps(
    fn: (element: T) => TimestampLike,
    options: TransformOptions = {},
  ): PCollection<T> {
    const stamp: DoFn<unknown, unknown> = {
      process: (element, context) => context.output(element, { timestamp: fn(element as T) }),
    };
    const draft = { kind: "parDo", fn: stamp, tags: [], sideInputs: [] } as const;
    return this.#then(draft, "withTimestamps", options);
  }

  /**
   * The same elements in other windows, from the next grouping on.
   *
   * @throws ERR_DURATION if `allowedLateness` can't be read
   * @throws ERR_OPTION if there is a `trigger` and no `accumulation`
   * @throws ERR_UNSUPPORTED for panes that take back what earlier ones said
   */
  windowInto(
    windowFn: WindowFn<T>,
    options: WindowOptions & TransformOptions = {},
  ): PCollection<T> {
    const windowing = rewindow(this.#node.windowing, windowFn, options);
    return this.#then({ kind: "windowInto", windowing }, "windowInto", options);
  }

  /** All values of each key and window, in any order. Prefer `combinePerKey`, which moves less. */
  groupByKey(
    this: KeyedPCollection,
    options: TransformOptions = {},
  ): PCollection<KV<KeyOf<T>, readonly ValueOf<T>[]>> {
    const windowing = groupedWindowing(this.#node.windowing);
    const draft = { kind: "groupByKey", keyCoder, valueCoder: anyCoder, windowing } as const;
    return this.#then(draft, "groupByKey", options);
  }

  /**
   * One fold for each key and window, by one CombineFn or a record of them. `fanout` is for keys that
   * are too hot for one shard: each is folded in so many parts first, which are then merged.
   *
   * @throws ERR_OPTION if `combining` is neither, or `fanout` is no whole number ≥ 1
   */
  combinePerKey<O>(
    this: KeyedPCollection,
    combining: Combining<ValueOf<T>, O>,
    options: TransformOptions & { readonly fanout?: Fanout<KeyOf<T>> } = {},
  ): PCollection<KV<KeyOf<T>, O>> {
    const label = { name: options.name, fallback: "combinePerKey" };
    const fn = toCombineFn(combining);
    const fanout = options.fanout as Fanout<unknown> | undefined;
    const node = addCombinePerKey(this.#builder, this.#node, label, { fn, fanout });
    return new PCollection(this.#builder, node);
  }

  /**
   * One fold over all elements of a window. In the global window of a bounded input it emits once
   * even without elements; elsewhere that can't be, and `withoutDefaults` must say so. With `fanout`
   * so many shards fold parts first, for there is one key otherwise.
   *
   * @throws ERR_PIPELINE if a default is asked for where none can be
   * @throws ERR_OPTION if `combining` is no CombineFn and no record of them, or `fanout` no whole
   *   number ≥ 1
   */
  combineGlobally<O>(
    combining: Combining<T, O>,
    options: TransformOptions & {
      readonly withoutDefaults?: boolean;
      readonly fanout?: number;
    } = {},
  ): PCollection<O> {
    const builder = this.#builder;
    const { fanout } = options;
    const fn = toCombineFn(combining);
    const withDefault = options.withoutDefaults !== true;
    const add = (): GraphNode =>
      addCombineGlobally(builder, this.#node, { fn, fanout, withDefault });
    const node =
      options.name === undefined
        ? builder.inUnnamedScope("combineGlobally", add)
        : builder.inScope(options.name, add);
    return new PCollection(builder, node);
  }

  /**
   * The elements of this and of other PCollections; the same one twice counts twice.
   *
   * @throws ERR_PIPELINE if one of them belongs to another pipeline
   */
  flatten<U>(
    others: PCollection<U> | readonly PCollection<U>[],
    options: TransformOptions = {},
  ): PCollection<T | U> {
    const list = others instanceof PCollection ? [others] : others;
    const nodes = [this.#node, ...list.map((other) => this.#own(other))];
    const bounded = nodes.every((node) => node.bounded);
    const draft = { kind: "flatten", inputs: nodes, bounded } as const;
    return this.#then(draft, "flatten", options);
  }

  /**
   * The same elements, each when the windows of all `signals` that belong to its window have closed:
   * nothing of them is still to come.
   *
   * @throws ERR_PIPELINE if a signal belongs to another pipeline
   * @example results.waitOn(written).write(notifications)
   * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Wait.html
   */
  waitOn(
    signals: AnyPCollection | readonly AnyPCollection[],
    options: TransformOptions = {},
  ): PCollection<T> {
    const list = signals instanceof PCollection ? [signals] : signals;
    const views = list.map((signal, i): [string, SideInput<unknown>] => [
      `signal ${i + 1}`,
      addView(signal.#builder, signal.#node, "signal", undefined),
    ]);
    const sideInputs: SideInputs = Object.fromEntries(views);
    const pass: DoFn<T, T, None, SideValues<SideInputs>> = {
      process: (element, context) => context.output(element),
    };
    return this.parDo(pass, { ...options, sideInputs });
  }

  /** The same elements, through the mesh once: durable, deduplicated and spread over shards. */
  reshuffle(options: TransformOptions = {}): PCollection<T> {
    return this.#then({ kind: "reshuffle", valueCoder: anyCoder }, "reshuffle", options);
  }

  /**
   * What a splittable DoFn reads of each element: it is cut into parts, which shards read beside
   * each other, and goes on over many calls. Outputs keep the element's window.
   *
   * @throws ERR_OPTION if the DoFn has no name, or is unbounded and has no watermark estimator
   * @example fileNames.readEach(linesOfFile)
   */
  readEach<U, R, P>(
    fn: SplittableDoFn<T, U, R, P>,
    options: TransformOptions = {},
  ): PCollection<U> {
    const bounded = this.#node.bounded && fn.bounded;
    const read = requireRunnable(fn);
    const draft = { kind: "readEach", fn: read, valueCoder: anyCoder, bounded } as const;
    return this.#then(draft, `readEach ${fn.name}`, options);
  }

  /** What a composite makes of this PCollection; `name` becomes the scope of the names inside. */
  apply<R>(composite: (input: PCollection<T>) => R): R;
  apply<R>(name: string, composite: (input: PCollection<T>) => R): R;
  apply<R>(...args: [(input: PCollection<T>) => R] | [string, (input: PCollection<T>) => R]): R {
    if (args.length === 1) return args[0](this);
    const [name, composite] = args;
    return this.#builder.inScope(name, () => composite(this));
  }

  /** @internal What a composite of the SDK makes; `label` is shown before the names inside. */
  within<R>(label: string, composite: (input: PCollection<T>) => R): R {
    return this.#builder.inUnnamedScope(label, () => composite(this));
  }

  /** Writes the elements. A PCollection may be written to several sinks. */
  write(sink: Sink<T>, options: TransformOptions = {}): void {
    addWrite(this.#builder, this.#node, sink.sink as SinkSpec<unknown>, options.name);
  }

  #then<U>(draft: PartialDraft, fallback: string, { name }: TransformOptions): PCollection<U> {
    const { windowing, bounded } = this.#node;
    const node = { inputs: [this.#node], windowing, bounded, ...draft } as NodeDraft;
    return new PCollection<U>(this.#builder, this.#builder.add(node, { name, fallback }));
  }

  #own(other: AnyPCollection): GraphNode {
    if (other.#builder === this.#builder) return other.#node;
    const names = `"${this.#builder.pipeline}" and "${other.#builder.pipeline}"`;
    throw new MeshError(
      "ERR_PIPELINE",
      `flatten at ${formatPlace(callerPlace())} mixes PCollections of two pipelines, ${names}. Let one write a topic that the other reads.`,
    );
  }
}

function isNode(added: ParDoOutputs): added is GraphNode {
  return Array.isArray(added["inputs"]);
}

/** A draft that takes from the PCollection what it leaves out. */
type PartialDraft = NodeDraft extends infer N
  ? N extends NodeDraft
    ? Omit<N, "inputs" | "windowing" | "bounded"> &
        Partial<Pick<N, "inputs" | "windowing" | "bounded">>
    : never
  : never;

/**
 * Returns the elements of several PCollections as one; the same one twice counts twice.
 *
 * @throws ERR_PIPELINE if they belong to different pipelines
 * @example flatten(cardPayments, cashPayments).keyBy((p) => p.shop)
 * @see https://beam.apache.org/documentation/programming-guide/#flatten
 */
export function flatten<P extends readonly [AnyPCollection, ...AnyPCollection[]]>(
  ...inputs: P
): PCollection<ElementOf<P[number]>> {
  const [first, ...rest] = inputs;
  return first.flatten(rest) as PCollection<ElementOf<P[number]>>;
}
