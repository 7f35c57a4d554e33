/**
 * Merging: windows of one key that become one, and what that does to their cells.
 *
 * Owns: elements that wait for their key's windows to be merged, and the merging of cells. Does not
 * own: which windows merge (sdk/windowing/merge-windows.ts).
 * Place on the data's way: between adding elements to a grouping and firing it.
 *
 * F6. A key's windows are merged once a run, with those of all its elements, before an element is
 *     added. A window that is new counts its panes from 0; one that was there goes on.
 * F8. A window that a trigger has closed takes no part: it is not merged, and what comes for it
 *     again is dropped. What merges into an open one stays, whatever was closed where it now lies.
 *
 * @see Beam's ReduceFnRunner and MergingActiveWindowSet
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { type Window, windowKey } from "../../sdk/model/window.ts";
import { type MergeWindows, mergerOf } from "../../sdk/windowing/merge-windows.ts";
import { type Cell, type ElementRef, PoisonElement } from "../cells.ts";
import type { CellTable } from "./cell-table.ts";
import type { Moment } from "./moment.ts";

/** An element that waits for its key's windows to be merged. */
export interface WaitingElement {
  readonly window: Window;
  readonly windowKey: string;
  readonly value: Json;
  readonly time: Timestamp | undefined;
  readonly element: ElementRef;
}

/** Elements that wait for their key's windows to be merged. */
export class Merging {
  readonly #table: CellTable;
  readonly #merge: MergeWindows;
  readonly #waiting = new Map<string, WaitingElement[]>();

  constructor(table: CellTable) {
    this.#table = table;
    this.#merge = mergerOf(table.windowing.windowFn);
  }

  add(keyText: string, element: WaitingElement): void {
    const waiting = this.#waiting.get(keyText);
    if (waiting === undefined) this.#waiting.set(keyText, [element]);
    else waiting.push(element);
  }

  /**
   * Merges, then adds what waits; returns how many elements were for closed windows, and dropped.
   *
   * @throws PoisonElement if the user's code throws; accumulators may then be half changed
   */
  settle(moment: Moment): number {
    let dropped = 0;
    for (const [keyText, waiting] of this.#waiting) {
      const results = this.#mergeKey(keyText, waiting, moment);
      for (const each of waiting) {
        if (!this.#add(keyText, each, results.get(each.windowKey), moment)) dropped++;
      }
    }
    this.#waiting.clear();
    return dropped;
  }

  /** Merges a key's windows; returns by window what it became, where it became another one. */
  #mergeKey(
    keyText: string,
    waiting: readonly WaitingElement[],
    moment: Moment,
  ): ReadonlyMap<string, string> {
    const cells = new Map<string, Cell>();
    const windows = new Map<string, Window>();
    for (const cell of this.#table.ofKey?.get(keyText) ?? []) {
      const open = this.#table.windows.get(cell.windowKey);
      if (open === undefined || cell.trigger?.isClosed === true) continue;
      cells.set(cell.windowKey, cell);
      windows.set(cell.windowKey, open.window);
    }
    for (const each of waiting) windows.set(each.windowKey, each.window);
    const results = new Map<string, string>();
    let newest = waiting.at(-1)?.element;
    try {
      for (const { windows: sources, into } of this.#merge([...windows.values()])) {
        const keys = sources.map(windowKey);
        newest = waiting.findLast((each) => keys.includes(each.windowKey))?.element ?? newest;
        const intoKey = windowKey(into);
        for (const key of keys) results.set(key, intoKey);
        const merged = keys.flatMap((key) => cells.get(key) ?? []);
        if (merged.length > 0) this.#mergeCells(merged, intoKey, moment, newest);
      }
    } catch (cause) {
      throw newest === undefined ? cause : new PoisonElement(newest, cause);
    }
    return results;
  }

  /** Makes one cell of several. It keeps the address of the one whose values cost most to move. */
  #mergeCells(
    cells: readonly Cell[],
    intoKey: string,
    moment: Moment,
    newest: ElementRef | undefined,
  ): void {
    const { trigger, windows, keepTime } = this.#table;
    const open = windows.open(intoKey);
    const [first] = cells;
    if (first === undefined) return;
    const there = open.cells.get(first.keyText);
    const result = there !== undefined && cells.includes(there) ? there : undefined;
    if (there !== undefined && result === undefined) this.#table.remove(there); // Closed (F8).
    const base = cells.reduce((a, b) => (b.storedValues > a.storedValues ? b : a));
    const pane = result?.pane;
    const state = trigger?.merged(
      result?.trigger,
      cells.flatMap((cell) => cell.trigger ?? []),
      this.#table.momentOf(open, moment),
    );
    const fresh = cells.filter((cell) => cell.isFresh);
    const times = fresh.map(({ time }) => time).filter((time) => time !== MAX_TIMESTAMP);
    base.time =
      keepTime === undefined || times.length === 0 ? MAX_TIMESTAMP : times.reduce(keepTime);
    base.newest = newest;
    for (const cell of cells) if (cell !== base) this.#table.merge(base, cell);
    base.isFresh = fresh.length > 0;
    base.pane = pane;
    base.trigger = state;
    this.#table.move(base, open);
    if (state === undefined) open.isEnded = false;
    else this.#table.touched.add(base);
  }

  /** Adds an element to the window that its own became; returns false if that is closed. */
  #add(
    keyText: string,
    { value, time, element, windowKey: own }: WaitingElement,
    merged: string | undefined,
    moment: Moment,
  ): boolean {
    const open = this.#table.windows.open(merged ?? own);
    if (open.cells.get(keyText)?.trigger?.isClosed === true) return false;
    try {
      const cell = this.#table.cellOf(open, keyText);
      cell.newest = element;
      const [, output] = moment.watermarks;
      this.#table.add(cell, open, value, time, output, this.#table.momentOf(open, moment));
    } catch (cause) {
      throw new PoisonElement(element, cause);
    }
    return true;
  }
}
