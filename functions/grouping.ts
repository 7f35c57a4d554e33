/**
 * Grouping: what a shuffle stage keeps of each key and window, and when it emits a pane.
 *
 * Owns: accumulators and grouped values by window and key, panes, holds and window timers for the
 * default trigger. Does not own: how entries are stored (state.ts), what panes go through next
 * (chain.ts).
 * Place on the data's way: after the shard has dropped known bundles, before the fused transforms.
 *
 * F1. A window's end has passed when `input watermark > maxTimestamp`; it is forgotten when
 *     `input watermark > maxTimestamp + allowedLateness`, and later elements are dropped.
 * F2. What was added since the last pane is emitted at the latest when the window is forgotten.
 * F3. `hold ≤` the timestamp of every pane that is still to come, except for late ones.
 * F4. The order of elements and bundles doesn't change the content of a window.
 *
 * @see Beam's ReduceFnRunner and WatermarkHold
 */
import type { Json } from "../sdk/coders/coder.ts";
import { decodeKey } from "../sdk/coders/key-coder.ts";
import type { CombinePerKeyNode, GroupByKeyNode } from "../sdk/model/graph.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { addMs, earlier, later, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey, type Window } from "../sdk/model/window.ts";
import { type Cell, CellStore, PoisonElement } from "./cells.ts";
import type { WindowColumns } from "./envelope.ts";
import type { Keeper } from "./keeper.ts";
import { nextPane } from "./pane-tracker.ts";
import { timeKeeper } from "./shuffle.ts";
import type { ShardState } from "./state.ts";

/** A pane on its way into the fused transforms. */
export interface Firing {
  readonly value: { readonly key: unknown; readonly value: unknown };
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
}

/** A pane whose value could not be made: the user's `extractOutput` or coder threw. */
export interface FailedFiring {
  readonly key: unknown;
  readonly window: Window;
  readonly error: unknown;
}

/** What fired. */
export interface Fired {
  readonly firings: readonly Firing[];
  readonly failed: readonly FailedFiring[];
  /** Whether nothing that is due is left. */
  readonly isDone: boolean;
}

/** Watermarks of the stage as the shard knows them. */
export type Watermarks = readonly [input: Timestamp, output: Timestamp];

interface MutableFired {
  readonly firings: Firing[];
  readonly failed: FailedFiring[];
}

interface OpenWindow {
  readonly window: Window;
  readonly cells: Map<string, Cell>;
  /** Cells with something that no pane has had yet. */
  readonly fresh: Set<Cell>;
}

/** What a shuffle stage keeps of each key and window. */
export class Grouping implements Keeper {
  readonly #node: GroupByKeyNode | CombinePerKeyNode;
  readonly #store: CellStore;
  readonly #windows = new Map<string, OpenWindow>();
  readonly #keepTime: ((a: Timestamp, b: Timestamp) => Timestamp) | undefined;

  constructor(node: GroupByKeyNode | CombinePerKeyNode, state: ShardState) {
    this.#node = node;
    this.#store = new CellStore(node, state);
    this.#keepTime = timeKeeper(node.windowing.timestampCombiner);
    for (const cell of this.#store.load()) {
      const open = this.#open(cell.windowKey);
      open.cells.set(cell.keyText, cell);
      if (cell.isFresh) open.fresh.add(cell);
    }
  }

  /**
   * Adds the elements of one window; returns how many were too late and dropped.
   *
   * @throws PoisonElement if the user's code throws; accumulators may then be half changed
   */
  add(
    columns: WindowColumns,
    slot: string,
    keeps: (index: number) => boolean,
    watermarks: Watermarks,
  ): number {
    const { window: windowKey, keys = [], values, times } = columns;
    const window = this.#windows.get(windowKey)?.window ?? parseWindowKey(windowKey);
    const isExpired = this.#expiryOf(window) < watermarks[0];
    let dropped = 0;
    const open = isExpired ? undefined : this.#open(windowKey);
    for (let i = 0; i < values.length; i++) {
      if (!keeps(i)) continue;
      if (open === undefined) {
        dropped++;
        continue;
      }
      const element = { columns, index: i, slot };
      try {
        const cell = this.#cellOf(open, windowKey, keys[i] ?? "");
        cell.newest = element;
        this.#addOne(open, cell, values[i] ?? null, times?.[i], watermarks);
      } catch (cause) {
        throw new PoisonElement(element, cause);
      }
    }
    return dropped;
  }

  /** Fires up to `firingsMax` panes that are due. */
  fire(watermarks: Watermarks, firingsMax: number): Fired {
    const fired: MutableFired = { firings: [], failed: [] };
    const isFull = (): boolean => fired.firings.length + fired.failed.length >= firingsMax;
    const [input] = watermarks;
    for (const [windowKey, open] of this.#windows) {
      if (input <= maxTimestamp(open.window)) continue;
      for (const cell of open.fresh) {
        if (isFull()) return { ...fired, isDone: false };
        this.#fire(open, cell, watermarks, this.#isSinglePane, fired);
      }
      if (input <= this.#expiryOf(open.window)) continue;
      if (!this.#expire(open, watermarks, fired, isFull)) return { ...fired, isDone: false };
      this.#windows.delete(windowKey);
    }
    return { ...fired, isDone: true };
  }

  /** The earliest timestamp that a pane still to come may have. */
  hold(): Timestamp {
    let hold = MAX_TIMESTAMP;
    const { timestampCombiner, closing, allowedLatenessMs } = this.#node.windowing;
    for (const open of this.#windows.values()) {
      if (open.fresh.size > 0) {
        if (timestampCombiner === "endOfWindow") hold = earlier(hold, maxTimestamp(open.window));
        else for (const cell of open.fresh) hold = earlier(hold, timeOf(cell, open.window));
      }
      if (closing === "fireAlways" && allowedLatenessMs > 0) {
        hold = earlier(hold, this.#expiryOf(open.window));
      }
    }
    return hold;
  }

  /** The earliest event time whose passing fires or forgets a window. */
  nextTimer(): Timestamp {
    let next = MAX_TIMESTAMP;
    for (const open of this.#windows.values()) {
      const isWaiting = open.fresh.size > 0;
      next = earlier(next, isWaiting ? maxTimestamp(open.window) : this.#expiryOf(open.window));
    }
    return next;
  }

  nextProcessingMs(): number {
    return MAX_TIMESTAMP;
  }

  nextSynchronizedMs(): number {
    return MAX_TIMESTAMP;
  }

  /** Writes what has changed into the state. */
  settle(): void {
    this.#store.settle();
  }

  /** With no lateness a window's one pane is its last. */
  get #isSinglePane(): boolean {
    return this.#node.windowing.allowedLatenessMs === 0;
  }

  #cellOf(open: OpenWindow, windowKey: string, keyText: string): Cell {
    let cell = open.cells.get(keyText);
    if (cell === undefined) {
      cell = this.#store.create(windowKey, keyText);
      open.cells.set(keyText, cell);
    }
    return cell;
  }

  #addOne(
    open: OpenWindow,
    cell: Cell,
    value: Json,
    time: Timestamp | undefined,
    watermarks: Watermarks,
  ): void {
    this.#store.add(cell, value);
    if (!cell.isFresh) cell.time = MAX_TIMESTAMP;
    // An element behind the output watermark can't hold it back, and so has no say in the time.
    if (time !== undefined && this.#keepTime !== undefined && time >= watermarks[1]) {
      cell.time = cell.time === MAX_TIMESTAMP ? time : this.#keepTime(cell.time, time);
    }
    cell.isFresh = true;
    open.fresh.add(cell);
  }

  #fire(
    open: OpenWindow,
    cell: Cell,
    watermarks: Watermarks,
    isLast: boolean,
    into: MutableFired,
  ): void {
    const { window } = open;
    const pane = nextPane(cell.pane, maxTimestamp(window), watermarks, isLast);
    const key = decodeKey(cell.keyText);
    const timestamp = cell.isFresh ? timeOf(cell, window) : maxTimestamp(window);
    try {
      const value = { key, value: this.#store.output(cell) };
      into.firings.push({ value, timestamp, window, pane });
    } catch (error) {
      into.failed.push({ key, window, error });
    }
    this.#store.fired(cell, pane);
    open.fresh.delete(cell);
  }

  /** Forgets a window; returns false if the bound was reached before all last panes were fired. */
  #expire(
    open: OpenWindow,
    watermarks: Watermarks,
    into: MutableFired,
    isFull: () => boolean,
  ): boolean {
    const firesLast = this.#node.windowing.closing === "fireAlways" && !this.#isSinglePane;
    for (const cell of open.cells.values()) {
      if (firesLast) {
        if (isFull()) return false;
        this.#fire(open, cell, watermarks, true, into);
      }
      this.#store.remove(cell);
      open.cells.delete(cell.keyText);
    }
    return true;
  }

  #open(windowKey: string): OpenWindow {
    let open = this.#windows.get(windowKey);
    if (open === undefined) {
      open = { window: parseWindowKey(windowKey), cells: new Map(), fresh: new Set() };
      this.#windows.set(windowKey, open);
    }
    return open;
  }

  #expiryOf(window: Window): Timestamp {
    const expiry = addMs(maxTimestamp(window), this.#node.windowing.allowedLatenessMs);
    // The global window must be forgotten when time ends, whatever lateness it allows.
    return later(maxTimestamp(window), earlier(expiry, addMs(MAX_TIMESTAMP, -1)));
  }
}

/** The timestamp of a cell's next pane: the window's end, unless an element has a say in it. */
function timeOf(cell: Cell, window: Window): Timestamp {
  return cell.time === MAX_TIMESTAMP ? maxTimestamp(window) : cell.time;
}
