/**
 * Firing: which cells emit a pane now, and what their windows keep after it.
 *
 * Owns: asking triggers, whether a pane is worth emitting, and forgetting windows. Does not own:
 * how a trigger decides (triggers/), the pane's place among others (pane-tracker.ts).
 *
 * F2. What was added since the last pane is emitted at the latest when the window is forgotten,
 *     whatever the trigger; but a trigger that has finished has closed the window before.
 * F7. A closed window stays closed until it is forgotten.
 *
 * @see Beam's ReduceFnRunner
 */
import { decodeKey } from "../../sdk/coders/key-coder.ts";
import type { PaneInfo } from "../../sdk/model/pane.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import type { Window } from "../../sdk/model/window.ts";
import type { Cell } from "../cells.ts";
import { nextPane } from "../pane-tracker.ts";
import type { CellTable } from "./cell-table.ts";
import type { Moment } from "./moment.ts";
import { type OpenWindow, timeOf } from "./window-table.ts";

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

/** One run over all cells that are due: up to so many panes. */
export class Firings {
  readonly fired: Firing[] = [];
  readonly failed: FailedFiring[] = [];
  readonly #table: CellTable;
  readonly #moment: Moment;
  readonly #max: number;

  constructor(table: CellTable, moment: Moment, max: number) {
    this.#table = table;
    this.#moment = moment;
    this.#max = max;
  }

  /** Fires what is due; returns whether nothing is left. */
  run(): boolean {
    return this.#askTouched() && this.#fireWindows() && this.#askTimed();
  }

  get #isFull(): boolean {
    return this.fired.length + this.failed.length >= this.#max;
  }

  #askTouched(): boolean {
    const { touched, windows } = this.#table;
    const [input] = this.#moment.watermarks;
    for (const cell of touched) {
      const open = windows.get(cell.windowKey);
      // A window whose end is its expiry fires its one last pane when it is forgotten.
      const isLast = open !== undefined && open.expiry === open.maxTimestamp && open.expiry < input;
      if (open !== undefined && !isLast && !this.#ask(cell, open)) return false;
      touched.delete(cell);
    }
    return true;
  }

  #fireWindows(): boolean {
    const { windows } = this.#table;
    const [input] = this.#moment.watermarks;
    for (;;) {
      const open = windows.firstDue(input);
      if (open === undefined) return true;
      windows.changed(open);
      if (!this.#fireWindow(open, input)) return false;
    }
  }

  /** Sees to a window whose end or expiry has passed; returns false if the bound was reached. */
  #fireWindow(open: OpenWindow, input: Timestamp): boolean {
    if (!open.isEnded && open.expiry > open.maxTimestamp) {
      if (!this.#end(open)) return false;
      open.isEnded = true;
    }
    return open.expiry >= input || this.#expire(open);
  }

  /** Asks each cell of a window because its end has passed. */
  #end(open: OpenWindow): boolean {
    if (this.#table.trigger === undefined) {
      for (const cell of open.fresh) if (!this.#emit(cell, open, false)) return false;
      return true;
    }
    open.ending ??= [...open.cells.values()];
    for (let cell = open.ending.at(-1); cell !== undefined; cell = open.ending.at(-1)) {
      // It may have gone to another window since the last run.
      if (open.cells.get(cell.keyText) === cell && !this.#ask(cell, open)) return false;
      open.ending.pop();
    }
    open.ending = undefined;
    return true;
  }

  /** Forgets a window; its cells emit what they have left. */
  #expire(open: OpenWindow): boolean {
    for (const cell of open.cells.values()) {
      if (cell.trigger?.isClosed !== true && !this.#emit(cell, open, true)) return false;
      this.#table.remove(cell);
    }
    return true;
  }

  #askTimed(): boolean {
    const { processing, synchronized, windows } = this.#table;
    const { nowMs, synchronizedMs } = this.#moment;
    for (;;) {
      const cell =
        (processing.first() <= nowMs ? processing.firstItem() : undefined) ??
        (synchronized.first() <= synchronizedMs ? synchronized.firstItem() : undefined);
      const open = cell === undefined ? undefined : windows.get(cell.windowKey);
      if (cell === undefined || open === undefined) return true;
      if (!this.#ask(cell, open)) return false;
    }
  }

  /**
   * Fires a cell if its trigger says so, and notes when it must be asked again; returns false if
   * it should fire, but the bound was reached.
   */
  #ask(cell: Cell, open: OpenWindow): boolean {
    const { trigger, store, windows, processing, synchronized } = this.#table;
    const { trigger: state } = cell;
    if (trigger === undefined || state === undefined || state.isClosed) return true;
    const moment = this.#table.momentOf(open, this.#moment);
    if (trigger.shouldFire(state, moment)) {
      if (this.#isFull) return false;
      trigger.onFire(state, moment);
      store.touch(cell);
      windows.changed(open);
      this.#emit(cell, open, state.isClosed);
      if (state.isClosed) this.#table.close(cell, open);
    }
    // A time that has come asks once: what else the trigger waits for will ask again.
    processing.set(cell, trigger.waitsForMs(state, moment.nowMs) + 1);
    synchronized.set(cell, trigger.waitsForSynchronizedMs(state, moment.synchronizedMs) + 1);
    return true;
  }

  /** Emits the next pane of a cell, if it has anything to say; returns false if the bound was reached. */
  #emit(cell: Cell, open: OpenWindow, isLast: boolean): boolean {
    const { store, windowing } = this.#table;
    const { window, maxTimestamp } = open;
    const pane = nextPane(cell.pane, maxTimestamp, this.#moment.watermarks, isLast);
    const isOnTime = pane.timing === "ON_TIME" && windowing.onTime === "fireAlways";
    const isClosing = isLast && windowing.closing === "fireAlways";
    if (!cell.isFresh && !isOnTime && !isClosing) return true;
    if (this.#isFull) return false;
    const key = decodeKey(cell.keyText);
    const timestamp = cell.isFresh ? timeOf(cell, open) : maxTimestamp;
    try {
      const value = { key, value: store.output(cell) };
      this.fired.push({ value, timestamp, window, pane });
    } catch (error) {
      this.failed.push({ key, window, error });
    }
    store.fired(cell, pane);
    open.fresh.delete(cell);
    return true;
  }
}
