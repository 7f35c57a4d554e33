/**
 * Cell table: the cells of a shard, by window and by what each waits for.
 *
 * Owns: adding an element to its cell, and which cells must be asked whether they fire. Does not
 * own: what a cell is stored as (cells.ts), asking and firing (firing.ts), merging (merging.ts).
 *
 * F4. The order of elements and bundles does not change what the panes of a window hold together.
 * F5. Only those cells are looked at that got an element, whose window has ended or expired, or
 *     whose processing time has come.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import {
  type CombinePerKeyNode,
  type GroupByKeyNode,
  inputWindowing,
} from "../../sdk/model/graph.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import type { WindowingStrategy } from "../../sdk/windowing/windowing-strategy.ts";
import { type Cell, CellStore } from "../cells.ts";
import { timeKeeper } from "../shuffle.ts";
import type { ShardState } from "../state.ts";
import { Trigger } from "../triggers/trigger.ts";
import type { TriggerMoment } from "../triggers/trigger-machine.ts";
import { TriggerState } from "../triggers/trigger-state.ts";
import type { Moment } from "./moment.ts";
import { TimeIndex } from "./time-index.ts";
import { type OpenWindow, WindowTable } from "./window-table.ts";

/** The cells of a shard. */
export class CellTable {
  readonly windowing: WindowingStrategy;
  readonly store: CellStore;
  readonly windows: WindowTable;
  /** Undefined: the default trigger, which fires whatever is new once the window has ended. */
  readonly trigger: Trigger | undefined;
  /** Cells that must be asked because something was added. Empty with the default trigger. */
  readonly touched: Set<Cell> = new Set();
  /** Cells by the processing time at which they must be asked. */
  readonly processing: TimeIndex<Cell> = new TimeIndex();
  readonly synchronized: TimeIndex<Cell> = new TimeIndex();
  /** Where windows merge: the cells of each key, closed ones included. */
  readonly ofKey: Map<string, Set<Cell>> | undefined;
  readonly keepTime: ((a: Timestamp, b: Timestamp) => Timestamp) | undefined;

  constructor(node: GroupByKeyNode | CombinePerKeyNode, state: ShardState) {
    this.windowing = inputWindowing(node);
    const { trigger, merging, timestampCombiner } = this.windowing;
    const isMerging = merging === "needed";
    this.store = new CellStore(node, state);
    this.windows = new WindowTable(this.windowing);
    this.trigger = trigger.kind === "default" ? undefined : new Trigger(trigger, isMerging);
    this.ofKey = isMerging ? new Map() : undefined;
    this.keepTime = timeKeeper(timestampCombiner);
    for (const cell of this.store.load()) this.#load(cell);
  }

  /** Returns the cell of a key in a window, new if need be. */
  cellOf(open: OpenWindow, keyText: string): Cell {
    let cell = open.cells.get(keyText);
    if (cell === undefined) {
      cell = this.store.create(open.key, keyText, this.#freeAddress(open.key, keyText));
      if (this.trigger !== undefined) cell.trigger = TriggerState.empty();
      this.#put(cell, open);
    }
    return cell;
  }

  /** Adds one element to a cell that is not closed; `moment` is that of its window. */
  add(
    cell: Cell,
    open: OpenWindow,
    value: Json,
    time: Timestamp | undefined,
    output: Timestamp,
    moment: TriggerMoment,
  ): void {
    this.store.add(cell, value);
    if (!cell.isFresh) cell.time = MAX_TIMESTAMP;
    if (time !== undefined && this.keepTime !== undefined && mayHold(time, output, moment)) {
      cell.time = cell.time === MAX_TIMESTAMP ? time : this.keepTime(cell.time, time);
    }
    cell.isFresh = true;
    open.fresh.add(cell);
    if (this.trigger === undefined) {
      open.isEnded = false;
      return;
    }
    this.trigger.onElement(cell.trigger as TriggerState, moment);
    this.touched.add(cell);
  }

  /** Puts a cell where its window is another one now. */
  move(cell: Cell, open: OpenWindow): void {
    this.#take(cell);
    cell.windowKey = open.key;
    this.store.touch(cell);
    this.#put(cell, open);
  }

  /** Removes a cell with all that it holds. */
  remove(cell: Cell): void {
    this.#take(cell);
    this.store.remove(cell);
  }

  /** Adds what one cell holds to another of its key, and removes it. */
  merge(into: Cell, from: Cell): void {
    this.#take(from);
    this.store.merge(into, from);
  }

  /** Keeps of a cell only that its trigger has finished: later elements are dropped (F7). */
  close(cell: Cell, open: OpenWindow): void {
    this.windows.changed(open);
    open.openCells--;
    open.fresh.delete(cell);
    this.store.close(cell);
    this.processing.delete(cell);
    this.synchronized.delete(cell);
  }

  /** What triggers see of a window now. */
  momentOf(open: OpenWindow, { watermarks, nowMs, synchronizedMs }: Moment): TriggerMoment {
    const [inputWatermark] = watermarks;
    return { maxTimestamp: open.maxTimestamp, inputWatermark, nowMs, synchronizedMs };
  }

  #load(cell: Cell): void {
    const open = this.windows.open(cell.windowKey);
    this.#put(cell, open);
    const { trigger } = cell;
    if (trigger === undefined || trigger.isClosed || this.trigger === undefined) return;
    // What a bounded run has not asked any more, the next one must.
    if (cell.isFresh) this.touched.add(cell);
    this.processing.set(cell, this.trigger.waitsForMs(trigger, Number.NEGATIVE_INFINITY) + 1);
    const synchronizedMs = this.trigger.waitsForSynchronizedMs(trigger, Number.NEGATIVE_INFINITY);
    this.synchronized.set(cell, synchronizedMs + 1);
  }

  #put(cell: Cell, open: OpenWindow): void {
    open.cells.set(cell.keyText, cell);
    this.windows.changed(open);
    if (cell.isFresh) open.fresh.add(cell);
    if (cell.trigger?.isClosed !== true) open.openCells++;
    if (this.ofKey === undefined) return;
    const cells = this.ofKey.get(cell.keyText);
    if (cells === undefined) this.ofKey.set(cell.keyText, new Set([cell]));
    else cells.add(cell);
  }

  #take(cell: Cell): void {
    const open = this.windows.get(cell.windowKey);
    if (open !== undefined) {
      open.cells.delete(cell.keyText);
      open.fresh.delete(cell);
      if (cell.trigger?.isClosed !== true) open.openCells--;
      this.windows.changed(open);
    }
    this.touched.delete(cell);
    this.processing.delete(cell);
    this.synchronized.delete(cell);
    const cells = this.ofKey?.get(cell.keyText);
    cells?.delete(cell);
    if (cells?.size === 0) this.ofKey?.delete(cell.keyText);
  }

  /** A window may come again while a cell that began with it lives on in another one. */
  #freeAddress(windowKey: string, keyText: string): string {
    const cells = this.ofKey?.get(keyText);
    if (cells === undefined) return windowKey;
    const taken = new Set(Array.from(cells, ({ address }) => address));
    let address = windowKey;
    for (let i = 1; taken.has(address); i++) address = `${windowKey}~${i}`;
    return address;
  }
}

/** An element behind the output watermark can't hold it back, and so has no say in the time. */
function mayHold(time: Timestamp, output: Timestamp, moment: TriggerMoment): boolean {
  return time >= output && moment.maxTimestamp >= moment.inputWatermark;
}
