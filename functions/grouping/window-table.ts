/**
 * Window table: the windows that a shard has cells in, by what is next for each.
 *
 * Owns: when a window's end or expiry has work, and what each window holds back. Does not own: the
 * cells themselves (cell-table.ts) or firing them (firing.ts).
 *
 * F1. A window's end has passed when `input watermark > maxTimestamp`; it is forgotten when
 *     `input watermark > maxTimestamp + allowedLateness`, and later elements are dropped.
 * F3. `hold ≤` the timestamp of every pane that is still to come, except for late ones. What is late
 *     already is held for to the end of the lateness, so that no later grouping drops it.
 */
import { earlier, MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey, type Window } from "../../sdk/model/window.ts";
import type { WindowingStrategy } from "../../sdk/windowing/windowing-strategy.ts";
import type { Cell } from "../cells.ts";
import { expiryOf } from "../window-expiry.ts";
import { TimeIndex } from "./time-index.ts";

/** A window that a shard has cells in. */
export interface OpenWindow {
  readonly key: string;
  readonly window: Window;
  readonly maxTimestamp: Timestamp;
  /** When this has passed, the window is forgotten. */
  readonly expiry: Timestamp;
  readonly cells: Map<string, Cell>;
  /** Cells with something that no pane has had yet. */
  readonly fresh: Set<Cell>;
  /** Cells that no trigger has closed. */
  openCells: number;
  /** Whether every cell has been asked since the end passed. */
  isEnded: boolean;
  /** Cells still to be asked because the end has passed; undefined until it has. */
  ending: Cell[] | undefined;
}

/** Returns the timestamp of a cell's next pane: the window's end, unless an element has a say. */
export function timeOf(cell: Cell, open: OpenWindow): Timestamp {
  return cell.time === MAX_TIMESTAMP ? open.maxTimestamp : cell.time;
}

/** The windows that a shard has cells in. */
export class WindowTable {
  readonly #windowing: WindowingStrategy;
  readonly #windows = new Map<string, OpenWindow>();
  readonly #timers = new TimeIndex<OpenWindow>();
  readonly #holds = new TimeIndex<OpenWindow>();
  readonly #changed = new Set<OpenWindow>();
  /** The output watermark as the shard knows it. */
  output: Timestamp = MIN_TIMESTAMP;

  constructor(windowing: WindowingStrategy) {
    this.#windowing = windowing;
  }

  get(key: string): OpenWindow | undefined {
    return this.#windows.get(key);
  }

  /** Returns a window, new if need be; it is gone again if it has no cell in the end. */
  open(key: string): OpenWindow {
    let open = this.#windows.get(key);
    if (open === undefined) {
      const window = parseWindowKey(key);
      open = {
        key,
        window,
        maxTimestamp: maxTimestamp(window),
        expiry: expiryOf(window, this.#windowing.allowedLatenessMs),
        cells: new Map(),
        fresh: new Set(),
        openCells: 0,
        isEnded: false,
        ending: undefined,
      };
      this.#windows.set(key, open);
    }
    this.#changed.add(open);
    return open;
  }

  /** Notes that a window's cells, or what is known of them, have changed. */
  changed(open: OpenWindow): void {
    this.#changed.add(open);
  }

  /** Returns a window whose end or expiry has passed and that has not seen to it. */
  firstDue(input: Timestamp): OpenWindow | undefined {
    return this.nextTimer() < input ? this.#timers.firstItem() : undefined;
  }

  /** The earliest event time whose passing fires or forgets a window. */
  nextTimer(): Timestamp {
    this.#refresh();
    return this.#timers.first() as Timestamp;
  }

  /** The earliest timestamp that a pane still to come may have; late ones left out. */
  hold(): Timestamp {
    this.#refresh();
    return this.#holds.first() as Timestamp;
  }

  #refresh(): void {
    for (const open of this.#changed) {
      if (open.cells.size === 0) {
        this.#windows.delete(open.key);
        this.#timers.delete(open);
        this.#holds.delete(open);
      } else {
        const waitsForEnd = !open.isEnded && open.openCells > 0;
        this.#timers.set(open, waitsForEnd ? open.maxTimestamp : open.expiry);
        this.#holds.set(open, this.#holdOf(open));
      }
    }
    this.#changed.clear();
  }

  #holdOf(open: OpenWindow): Timestamp {
    const { closing, onTime, timestampCombiner } = this.#windowing;
    const hasLast = closing === "fireAlways" && open.openCells > 0;
    const hold = hasLast ? open.expiry : MAX_TIMESTAMP;
    if (open.isEnded) return earlier(hold, this.#holdOfEnded(open));
    const hasOnTime = onTime === "fireAlways" && open.openCells > 0;
    if (!hasOnTime && open.fresh.size === 0) return hold;
    let earliest = open.maxTimestamp;
    if (timestampCombiner === "endOfWindow") return earliest;
    for (const cell of open.fresh) earliest = earlier(earliest, timeOf(cell, open));
    return earliest;
  }

  /** What has not had its on-time pane may still have it; the rest is late. */
  #holdOfEnded(open: OpenWindow): Timestamp {
    let hold = MAX_TIMESTAMP;
    for (const cell of open.fresh) {
      const isOnTime = cell.pane === undefined || cell.pane.timing === "EARLY";
      const mayBeOnTime = isOnTime && open.maxTimestamp >= this.output;
      hold = earlier(hold, mayBeOnTime ? timeOf(cell, open) : open.expiry);
    }
    return hold;
  }
}
