/**
 * 3. Shuffle: key → shard → bundle.
 *
 * Owns: which shard an element goes to, and folding before the shuffle (combiner lifting). Does
 * not own: the bundle's limits (bundle-builder.ts) or its number (sent.ts).
 * Place on the data's way: the last step of chain.ts; its bundles go into the outbox.
 *
 * K1. Equal keys go to one shard, whatever instance, stage or bundle they come from.
 * K2. Folding a bundle first gives the same panes as not folding, for a CombineFn is associative
 *     and commutative. Where elements are still to be deduplicated by id (an ingest stage), or a
 *     trigger counts them, each only becomes an accumulator. Windows that merge later are folded
 *     as they were assigned.
 */
import { encodeKey, hashKey } from "../sdk/coders/key-coder.ts";
import { MeshError } from "../sdk/model/errors.ts";
import {
  type AnyKV,
  type AwaitSideInputsNode,
  type CombinePerKeyNode,
  type GroupByKeyNode,
  inputWindowing,
  type ReadEachNode,
  type ReshuffleNode,
  type ShuffleNode,
  type StatefulParDoNode,
} from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { earlier, later, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { type Window, windowKey } from "../sdk/model/window.ts";
import type { TimestampCombiner } from "../sdk/windowing/windowing-strategy.ts";
import { type Bundle, BundleBuilder } from "./bundle-builder.ts";
import { encodePane } from "./pane-tracker.ts";
import { broadcastWriter } from "./sides/broadcast.ts";

/** Takes one element with its time, window and pane. */
export type Receive = (
  value: unknown,
  timestamp: Timestamp,
  window: Window,
  pane: PaneInfo,
) => void;

/** The source message of the element at hand, in an ingest stage: a new object for each element. */
export interface SourceId {
  readonly id: string;
  /** What sinks got of it. */
  outputs: number;
}

/** What a writer needs to know of where it stands. */
export interface ShuffleContext {
  /** Consuming stage. */
  readonly stage: string;
  readonly shards: number;
  readonly lift: "bundle" | "element" | "none";
  readonly bundleElementsMax: number;
  /** Name of the side input that these elements are; undefined: the main input. */
  readonly side: string | undefined;
  /** Gives the element at hand its id; undefined outside of ingest stages. */
  readonly nextId: () => string | undefined;
}

/** Gathers the elements of one shuffle input. */
export interface ShuffleWriter {
  readonly receive: Receive;
  /** How many elements came in since the last take. */
  count(): number;
  /** Returns what was gathered as bundles, and begins anew. */
  take(): Bundle[];
  /** Forgets what was gathered; never throws, as encoding it might. */
  discard(): void;
}

/** Returns the writer for a shuffle that a stage feeds. */
export function shuffleWriter(node: ShuffleNode, context: ShuffleContext): ShuffleWriter {
  if (context.side !== undefined) return broadcastWriter(context.side, context);
  switch (node.kind) {
    case "combinePerKey":
      return context.lift === "bundle"
        ? new LiftedCombine(node, context)
        : keyedWriter(node, context);
    case "groupByKey":
    case "statefulParDo":
      return keyedWriter(node, context);
    default:
      return reshuffleWriter(node, context);
  }
}

/** One builder a target shard. */
class Targets {
  readonly #context: ShuffleContext;
  #builders: (BundleBuilder | undefined)[] = [];
  elements = 0;

  constructor(context: ShuffleContext) {
    this.#context = context;
  }

  of(shard: number): BundleBuilder {
    let builder = this.#builders[shard];
    if (builder === undefined) {
      builder = new BundleBuilder();
      this.#builders[shard] = builder;
    }
    return builder;
  }

  take(): Bundle[] {
    const builders = this.#builders;
    this.discard();
    const { stage, bundleElementsMax } = this.#context;
    return builders.flatMap((b, shard) => b?.finish(stage, shard, bundleElementsMax) ?? []);
  }

  discard(): void {
    this.#builders = [];
    this.elements = 0;
  }
}

/**
 * Returns what gives ids to the elements that go to one stage: they count what a message gives that
 * stage alone, so that they stay what they are when an update adds or renames others.
 */
export function idsFor(source: () => SourceId | undefined): () => string | undefined {
  let last: SourceId | undefined;
  let count = 0;
  return () => {
    const now = source();
    if (now === undefined) return undefined;
    if (now !== last) count = 0;
    last = now;
    const index = count++;
    return index === 0 ? now.id : `${now.id}/${index}`;
  };
}

function keyOf(value: unknown, node: ShuffleNode): AnyKV {
  if (typeof value === "object" && value !== null && "key" in value) return value as AnyKV;
  throw new MeshError("ERR_KEY", `${node.name}: an element without a key reached the shuffle.`);
}

/**
 * Each element by itself: groupByKey, combines that are not folded here, and DoFns with state, which
 * are told the pane too.
 */
function keyedWriter(
  node: GroupByKeyNode | CombinePerKeyNode | StatefulParDoNode,
  context: ShuffleContext,
): ShuffleWriter {
  const targets = new Targets(context);
  const isStateful = node.kind === "statefulParDo";
  const keepsTime = isStateful || inputWindowing(node).timestampCombiner !== "endOfWindow";
  const encodeValue =
    node.kind === "combinePerKey"
      ? (value: unknown) =>
          node.accumulatorCoder.encode(node.fn.addInput(node.fn.createAccumulator(), value))
      : (value: unknown) => node.valueCoder.encode(value);
  return {
    receive(element, timestamp, window, pane) {
      const { key, value } = keyOf(element, node);
      const keyText = encodeKey(key);
      const time = keepsTime ? timestamp : undefined;
      const ofPane = isStateful ? encodePane(pane) : undefined;
      const id = context.nextId();
      targets
        .of(hashKey(keyText) % context.shards)
        .add(windowKey(window), encodeValue(value), timestamp, keyText, time, id, ofPane);
      targets.elements++;
    },
    count: () => targets.elements,
    take: () => targets.take(),
    discard: () => targets.discard(),
  };
}

/** Elements of an ingest stage go by the hash of their id, so that duplicates meet; others in turn. */
function reshuffleWriter(
  node: ReshuffleNode | ReadEachNode | AwaitSideInputsNode,
  context: ShuffleContext,
): ShuffleWriter {
  const targets = new Targets(context);
  let turn = 0;
  return {
    receive(value, timestamp, window, pane) {
      const id = context.nextId();
      const shard = (id === undefined ? turn++ : hashKey(id)) % context.shards;
      targets
        .of(shard)
        .add(
          windowKey(window),
          node.valueCoder.encode(value),
          timestamp,
          undefined,
          timestamp,
          id,
          encodePane(pane),
        );
      targets.elements++;
    },
    count: () => targets.elements,
    take: () => targets.take(),
    discard: () => targets.discard(),
  };
}

interface Folded {
  accumulator: unknown;
  time: Timestamp;
}

interface WindowTable {
  readonly window: Window;
  readonly keys: Map<unknown, Folded>;
  minTime: Timestamp;
}

/** Folds the bundle before the shuffle: one accumulator for each key and window. */
class LiftedCombine implements ShuffleWriter {
  readonly receive: Receive;
  readonly #node: CombinePerKeyNode;
  readonly #context: ShuffleContext;
  #tables = new Map<Timestamp, WindowTable[]>();
  #elements = 0;

  constructor(node: CombinePerKeyNode, context: ShuffleContext) {
    this.#node = node;
    this.#context = context;
    const { fn } = node;
    const keepTime = timeKeeper(inputWindowing(node).timestampCombiner);
    // The table of the last element's window: neighbours mostly share it.
    let table: WindowTable | undefined;
    this.receive = (element, timestamp, window) => {
      const { key, value } = keyOf(element, node);
      if (table?.window !== window || this.#elements === 0) table = this.#tableOf(window);
      this.#elements++;
      if (timestamp < table.minTime) table.minTime = timestamp;
      const slot = typeof key === "object" ? encodedSlot(key) : key;
      const folded = table.keys.get(slot);
      if (folded === undefined) {
        const accumulator = fn.addInput(fn.createAccumulator(), value);
        table.keys.set(slot, { accumulator, time: timestamp });
      } else {
        folded.accumulator = fn.addInput(folded.accumulator, value);
        if (keepTime !== undefined) folded.time = keepTime(folded.time, timestamp);
      }
    };
  }

  count(): number {
    return this.#elements;
  }

  take(): Bundle[] {
    const tables = this.#tables;
    this.discard();
    const targets = new Targets(this.#context);
    for (const ofStart of tables.values()) {
      for (const table of ofStart) this.#addTable(table, targets);
    }
    return targets.take();
  }

  discard(): void {
    this.#tables = new Map();
    this.#elements = 0;
  }

  #addTable(table: WindowTable, targets: Targets): void {
    const { fn, accumulatorCoder } = this.#node;
    const keepsTime = inputWindowing(this.#node).timestampCombiner !== "endOfWindow";
    const window = windowKey(table.window);
    for (const [slot, { accumulator, time }] of table.keys) {
      const keyText = slot instanceof EncodedSlot ? slot.text : encodeKey(slot);
      const compact = fn.compact === undefined ? accumulator : fn.compact(accumulator);
      targets
        .of(hashKey(keyText) % this.#context.shards)
        .add(
          window,
          accumulatorCoder.encode(compact),
          table.minTime,
          keyText,
          keepsTime ? time : undefined,
          undefined,
        );
    }
  }

  #tableOf(window: Window): WindowTable {
    let ofStart = this.#tables.get(window.start);
    if (ofStart === undefined) {
      ofStart = [];
      this.#tables.set(window.start, ofStart);
    }
    let table = ofStart.find((t) => t.window.end === window.end && t.window.label === window.label);
    if (table === undefined) {
      table = { window, keys: new Map(), minTime: MAX_TIMESTAMP };
      ofStart.push(table);
    }
    return table;
  }
}

/** A key that is no primitive, by its canonical text: one object for each text. */
class EncodedSlot {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const slots = new Map<string, EncodedSlot>();
const SLOTS_MAX = 100_000;

function encodedSlot(key: unknown): EncodedSlot {
  const text = encodeKey(key);
  let slot = slots.get(text);
  if (slot === undefined) {
    if (slots.size >= SLOTS_MAX) slots.clear();
    slot = new EncodedSlot(text);
    slots.set(text, slot);
  }
  return slot;
}

/** How the timestamps of one key and window are joined; undefined: they don't matter. */
export function timeKeeper(
  combiner: TimestampCombiner,
): ((a: Timestamp, b: Timestamp) => Timestamp) | undefined {
  if (combiner === "earliest") return earlier;
  return combiner === "latest" ? later : undefined;
}
