/**
 * Cells: the state of one key in one window, as objects at hand and as entries of the state.
 *
 * Owns: the form of a cell's entries. Does not own: when a cell fires (grouping/firing.ts).
 *
 * A combine's cell is one entry that is written over. A groupByKey's values are appended: each
 * activation adds an entry with its own values and never writes older ones again. A cell whose
 * window grows keeps its address, so that its values stay where they are.
 *
 * C2. After `settle` the state's entries are equal to the cells.
 */
import type { Json } from "../sdk/coders/coder.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { type CombinePerKeyNode, type GroupByKeyNode, inputWindowing } from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { PaneJson, WindowColumns } from "./envelope.ts";
import { STATE_BYTES_MAX } from "./options.ts";
import { decodePane, encodePane } from "./pane-tracker.ts";
import type { ShardState } from "./state.ts";
import { type TriggerJson, TriggerState } from "./triggers/trigger-state.ts";

/** The state of one key in one window. */
export interface Cell {
  /** Changes where windows merge. */
  windowKey: string;
  readonly keyText: string;
  /** Names the cell's entries, beside its key: the window that it began with. No space in it. */
  readonly address: string;
  /** Combine: the accumulator, undefined if there is none. */
  accumulator: unknown;
  /** groupByKey: encoded values. */
  values: Json[];
  /** How many of `values` are stored already, and in how many entries. */
  storedValues: number;
  storedChunks: number;
  /** Timestamp of the next pane, as its elements have it; MAX if none has a say. */
  time: Timestamp;
  /** Whether something was added since the last pane. */
  isFresh: boolean;
  pane: PaneInfo | undefined;
  /** What the trigger remembers; undefined for the default trigger, which remembers nothing. */
  trigger: TriggerState | undefined;
  /** The element that was added last, to be named where the state grows too large. */
  newest: ElementRef | undefined;
}

/** An element in a message. */
export interface ElementRef {
  readonly columns: WindowColumns;
  readonly index: number;
  /** Names the columns among the messages of an activation. */
  readonly slot: string;
}

/** The element can't be added: the shard must be opened anew, and go on without it. */
export class PoisonElement extends Error {
  readonly element: ElementRef;
  /** Elements of other keys that can't be added either: found in one go, they cost one search. */
  readonly others: PoisonElement[] = [];

  constructor(element: ElementRef, cause: unknown) {
    super("an element can't be added", { cause });
    this.element = element;
  }
}

/** What most cells do without: the trigger's state, and the window where it is not the address. */
interface CellExtraJson {
  readonly trigger?: TriggerJson;
  readonly window?: string;
}

/** `[accumulator or null, time, isFresh, pane or null, chunks]`, and what else there is. */
type CellJson = readonly [Json, Timestamp, boolean, PaneJson | null, number, CellExtraJson?];

/** Cells and their entries. */
export class CellStore {
  readonly #node: GroupByKeyNode | CombinePerKeyNode;
  readonly #state: ShardState;
  readonly #accumulates: boolean;
  readonly #changed = new Set<Cell>();

  constructor(node: GroupByKeyNode | CombinePerKeyNode, state: ShardState) {
    this.#node = node;
    this.#state = state;
    this.#accumulates = inputWindowing(node).accumulation === "accumulating";
  }

  /** Returns all cells of the state. */
  load(): Cell[] {
    const cells = new Map<string, Cell>();
    const chunks: [id: string, index: number, values: Json[]][] = [];
    for (const [id, text] of this.#state.entries()) {
      if (id.startsWith("k ")) cells.set(id.slice(2), this.#decode(id, JSON.parse(text)));
      else if (id.startsWith("v")) {
        const space = id.indexOf(" ");
        chunks.push([id.slice(space + 1), Number(id.slice(1, space)), JSON.parse(text)]);
      }
    }
    chunks.sort((a, b) => a[1] - b[1]);
    for (const [id, , values] of chunks) {
      const cell = cells.get(id);
      if (cell === undefined) continue;
      for (const value of values) cell.values.push(value);
      cell.storedValues = cell.values.length;
    }
    return [...cells.values()];
  }

  create(windowKey: string, keyText: string, address: string): Cell {
    return {
      windowKey,
      keyText,
      address,
      accumulator: undefined,
      values: [],
      storedValues: 0,
      storedChunks: 0,
      time: MAX_TIMESTAMP,
      isFresh: false,
      pane: undefined,
      trigger: undefined,
      newest: undefined,
    };
  }

  /** Notes that a cell must be written. */
  touch(cell: Cell): void {
    this.#changed.add(cell);
  }

  /** Adds one encoded value or accumulator. */
  add(cell: Cell, value: Json): void {
    this.#changed.add(cell);
    if (this.#node.kind === "groupByKey") {
      cell.values.push(value);
      return;
    }
    this.#fold(cell, this.#node.accumulatorCoder.decode(value));
  }

  /** Moves what `from` holds into another cell of its key; `from` is removed. */
  merge(into: Cell, from: Cell): void {
    this.#changed.add(into);
    for (const value of from.values) into.values.push(value);
    if (from.accumulator !== undefined) this.#fold(into, from.accumulator);
    this.remove(from);
  }

  /** The value of the pane that the cell would fire now. */
  output(cell: Cell): unknown {
    if (this.#node.kind === "groupByKey") {
      const { valueCoder } = this.#node;
      return cell.values.map((value) => valueCoder.decode(value));
    }
    const { fn } = this.#node;
    return fn.extractOutput(cell.accumulator ?? fn.createAccumulator());
  }

  /** Notes that the cell has fired: discards what it held, unless it accumulates. */
  fired(cell: Cell, pane: PaneInfo): void {
    this.#changed.add(cell);
    cell.pane = pane;
    cell.isFresh = false;
    if (!this.#accumulates) this.#discard(cell);
  }

  /** Keeps nothing of the cell but that its trigger has finished. */
  close(cell: Cell): void {
    this.#changed.add(cell);
    this.#discard(cell);
    cell.time = MAX_TIMESTAMP;
    cell.isFresh = false;
    cell.pane = undefined;
    cell.trigger = TriggerState.closed();
  }

  remove(cell: Cell): void {
    this.#changed.delete(cell);
    this.#dropChunks(cell);
    this.#state.delete(`k ${idOf(cell)}`);
  }

  /**
   * Writes the changed cells into the state.
   *
   * @throws PoisonElement if an accumulator can't be encoded, or is too large for a document
   */
  settle(): void {
    for (const cell of this.#changed) {
      if (cell.values.length > cell.storedValues) {
        const chunk = cell.values.slice(cell.storedValues);
        this.#state.put(`v${cell.storedChunks++} ${idOf(cell)}`, JSON.stringify(chunk));
        cell.storedValues = cell.values.length;
      }
      const text = this.#textOf(cell);
      this.#state.put(`k ${idOf(cell)}`, text);
      cell.newest = undefined;
    }
    this.#changed.clear();
  }

  #fold(cell: Cell, accumulator: unknown): void {
    if (this.#node.kind === "groupByKey") return;
    cell.accumulator =
      cell.accumulator === undefined
        ? accumulator
        : this.#node.fn.mergeAccumulators(cell.accumulator, accumulator);
  }

  #discard(cell: Cell): void {
    cell.accumulator = undefined;
    this.#dropChunks(cell);
    cell.values = [];
    cell.storedValues = 0;
  }

  /** The text of a cell's entry; what can't be written is the newest element's doing. */
  #textOf(cell: Cell): string {
    try {
      const text = JSON.stringify(this.#encode(cell));
      if (text.length <= STATE_BYTES_MAX) return text;
      throw new MeshError(
        "ERR_ELEMENT_TOO_BIG",
        `${this.#node.name}: the accumulator of one key and window has grown to ${text.length} ` +
          `bytes; at most ${STATE_BYTES_MAX} fit into one document. Use a combine whose ` +
          "accumulator stays small, or smaller windows.",
      );
    } catch (cause) {
      throw cell.newest === undefined ? cause : new PoisonElement(cell.newest, cause);
    }
  }

  #dropChunks(cell: Cell): void {
    for (let i = 0; i < cell.storedChunks; i++) this.#state.delete(`v${i} ${idOf(cell)}`);
    cell.storedChunks = 0;
  }

  #encode(cell: Cell): CellJson {
    const { accumulator, time, isFresh, pane, storedChunks } = cell;
    const encoded =
      this.#node.kind === "groupByKey" || accumulator === undefined
        ? null
        : this.#node.accumulatorCoder.encode(accumulator);
    const paneJson = pane === undefined ? null : (encodePane(pane) ?? null);
    const extra = encodeExtra(cell);
    return extra === undefined
      ? [encoded, time, isFresh, paneJson, storedChunks]
      : [encoded, time, isFresh, paneJson, storedChunks, extra];
  }

  #decode(id: string, json: CellJson): Cell {
    const [accumulator, time, isFresh, pane, storedChunks, extra] = json;
    const [, address = "", ...key] = id.split(" ");
    const cell = this.create(extra?.window ?? address, key.join(" "), address);
    if (extra?.trigger !== undefined) cell.trigger = TriggerState.fromJson(extra.trigger);
    cell.time = time;
    cell.isFresh = isFresh;
    cell.pane = pane === null ? undefined : decodePane(pane);
    cell.storedChunks = storedChunks;
    if (this.#node.kind === "combinePerKey" && accumulator !== null) {
      cell.accumulator = this.#node.accumulatorCoder.decode(accumulator);
    }
    return cell;
  }
}

function encodeExtra({ trigger, windowKey, address }: Cell): CellExtraJson | undefined {
  if (trigger === undefined && windowKey === address) return undefined;
  return {
    ...(trigger !== undefined && { trigger: trigger.toJson() }),
    ...(windowKey !== address && { window: windowKey }),
  };
}

function idOf(cell: Cell): string {
  return `${cell.address} ${cell.keyText}`;
}
