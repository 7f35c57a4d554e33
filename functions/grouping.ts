/**
 * Grouping: what a shuffle stage keeps of each key and window, and when it emits a pane.
 *
 * Owns: the steps of a run and what the shard is told of them. Does not own: cells (grouping/),
 * triggers (triggers/), how entries are stored (state.ts), what panes go through next (chain.ts).
 * Place on the data's way: after the shard has dropped known bundles, before the fused transforms.
 *
 * One idea a file: window-table.ts (F1, F3), cell-table.ts (F4, F5), merging.ts (F6, F8), firing.ts
 * (F2, F7). With the default trigger and windows that do not merge, a cell keeps no trigger state
 * and no element asks one.
 *
 * @see Beam's ReduceFnRunner and WatermarkHold
 */
import type { CombinePerKeyNode, GroupByKeyNode } from "../sdk/model/graph.ts";
import type { Timestamp } from "../sdk/model/time.ts";
import { parseWindowKey } from "../sdk/model/window.ts";
import { PoisonElement } from "./cells.ts";
import type { WindowColumns } from "./envelope.ts";
import { CellTable } from "./grouping/cell-table.ts";
import { type FailedFiring, type Firing, Firings } from "./grouping/firing.ts";
import { Merging } from "./grouping/merging.ts";
import type { Moment } from "./grouping/moment.ts";
import type { OpenWindow } from "./grouping/window-table.ts";
import type { Keeper } from "./keeper.ts";
import type { ShardState } from "./state.ts";
import { expiryOf } from "./window-expiry.ts";

export type { Firing } from "./grouping/firing.ts";
export type { Moment, Watermarks } from "./grouping/moment.ts";

/** What fired. */
export interface Fired {
  readonly firings: readonly Firing[];
  readonly failed: readonly FailedFiring[];
  /** Whether nothing that is due is left. */
  readonly isDone: boolean;
  /** Elements since the last run that came for windows which their trigger has closed. */
  readonly droppedClosed: number;
}

/** What a shuffle stage keeps of each key and window. */
export class Grouping implements Keeper {
  readonly #table: CellTable;
  readonly #merging: Merging | undefined;
  #droppedClosed = 0;

  constructor(node: GroupByKeyNode | CombinePerKeyNode, state: ShardState) {
    this.#table = new CellTable(node, state);
    this.#merging = this.#table.ofKey === undefined ? undefined : new Merging(this.#table);
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
    moment: Moment,
  ): number {
    const { windows, windowing } = this.#table;
    const { window: windowKey, values } = columns;
    const window = windows.get(windowKey)?.window ?? parseWindowKey(windowKey);
    if (expiryOf(window, windowing.allowedLatenessMs) < moment.watermarks[0]) {
      let dropped = 0;
      for (let i = 0; i < values.length; i++) if (keeps(i)) dropped++;
      return dropped;
    }
    if (this.#merging === undefined) {
      this.#addTo(windows.open(windowKey), columns, slot, keeps, moment);
      return 0;
    }
    const { keys = [], times } = columns;
    for (let i = 0; i < values.length; i++) {
      if (!keeps(i)) continue;
      const element = { columns, index: i, slot };
      const time = times?.[i];
      const value = values[i] ?? null;
      this.#merging.add(keys[i] ?? "", { window, windowKey, value, time, element });
    }
    return 0;
  }

  /**
   * Merges windows that elements have brought together, then fires up to `firingsMax` panes that
   * are due.
   *
   * @throws PoisonElement if the user's code throws while it merges
   */
  fire(moment: Moment, firingsMax: number): Fired {
    const table = this.#table;
    table.windows.output = moment.watermarks[1];
    const droppedClosed = this.#droppedClosed + (this.#merging?.settle(moment) ?? 0);
    this.#droppedClosed = 0;
    const firings = new Firings(table, moment, firingsMax);
    const isDone = firings.run();
    return { firings: firings.fired, failed: firings.failed, isDone, droppedClosed };
  }

  hold(): Timestamp {
    return this.#table.windows.hold();
  }

  nextTimer(): Timestamp {
    return this.#table.windows.nextTimer();
  }

  nextProcessingMs(): number {
    return this.#table.processing.first();
  }

  nextSynchronizedMs(): number {
    return this.#table.synchronized.first();
  }

  settle(): void {
    this.#table.store.settle();
  }

  /** Adds elements of a window that merges with no other. */
  #addTo(
    open: OpenWindow,
    columns: WindowColumns,
    slot: string,
    keeps: (index: number) => boolean,
    moment: Moment,
  ): void {
    const { keys = [], values, times } = columns;
    const table = this.#table;
    const [, output] = moment.watermarks;
    const at = table.momentOf(open, moment);
    const poison = new Poison();
    for (let i = 0; i < values.length; i++) {
      const key = keys[i] ?? "";
      if (poison.isOf(key) || !keeps(i)) continue;
      const element = { columns, index: i, slot };
      try {
        const cell = table.cellOf(open, key);
        if (cell.trigger?.isClosed === true) {
          this.#droppedClosed++;
          continue;
        }
        cell.newest = element;
        table.add(cell, open, values[i] ?? null, times?.[i], output, at);
      } catch (cause) {
        poison.add(key, new PoisonElement(element, cause));
      }
    }
    poison.check();
  }
}

/** Elements of one pass that can't be added; at most one of each key. */
class Poison {
  readonly #byKey = new Map<string, PoisonElement>();

  /** What failed may have left its key half changed: only other keys can still be judged. */
  isOf(key: string): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key);
  }

  add(key: string, element: PoisonElement): void {
    this.#byKey.set(key, element);
  }

  /** @throws PoisonElement if there is any: the first, with the others */
  check(): void {
    if (this.#byKey.size === 0) return;
    const [first, ...others] = this.#byKey.values();
    first?.others.push(...others);
    throw first;
  }
}
