/**
 * Stateful shard: what a stage that begins with a stateful DoFn keeps on a shard.
 *
 * Owns: its cells, its schedule and the expiry of its windows, and what they mean for the watermark.
 * Does not own: running the DoFn (stateful-work.ts).
 *
 * ST1. Event time is due when `input watermark > time`, as a window's end is.
 * ST2. `hold ≤` the timestamp of every output still to come, but for late ones and for timers that
 *      may emit nothing: those of set timers, of waiting elements, and the end of each window whose
 *      expiry the DoFn is told of.
 * ST3. When its window has expired nothing is kept of a key.
 *
 * @see Beam's StatefulDoFnRunner
 */
import type { StatefulParDoNode } from "../../sdk/model/graph.ts";
import {
  addMs,
  earlier,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
} from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey } from "../../sdk/model/window.ts";
import type { WindowColumns } from "../envelope.ts";
import type { Watermarks } from "../grouping.ts";
import { Heap } from "../heap.ts";
import type { Keeper } from "../keeper.ts";
import { decodePane } from "../pane-tracker.ts";
import type { ShardState } from "../state.ts";
import { expiryOf } from "../window-expiry.ts";
import { type CellsObserver, type KeyCell, KeyCells, type OpenWindow } from "./key-cells.ts";
import { Schedule, SORTED_SLOT } from "./schedule.ts";
import type { StatefulElement } from "./stateful-work.ts";

/** What a stage that begins with a stateful DoFn keeps on a shard. */
export class StatefulShard implements Keeper, CellsObserver {
  readonly node: StatefulParDoNode;
  readonly cells: KeyCells;
  readonly schedule: Schedule;
  /** Whether the shard was told of a drain. */
  isDraining: boolean;
  /** As the last run knew them. */
  watermarks: Watermarks = [MIN_TIMESTAMP, MIN_TIMESTAMP];
  readonly #expiries = new Heap<OpenWindow>((a, b) => a.expiry < b.expiry);
  readonly #ends = new Heap<OpenWindow>((a, b) => a.window.end < b.window.end);
  #nextSorted = 0;

  constructor(node: StatefulParDoNode, state: ShardState, isDraining: boolean) {
    this.node = node;
    this.isDraining = isDraining;
    this.schedule = new Schedule(node.fn.timers);
    this.cells = new KeyCells(state, this.latenessMs, this);
  }

  /** How long after its end a window still takes elements, in ms of event time. */
  get latenessMs(): number {
    return this.node.inputs[0]?.windowing.allowedLatenessMs ?? 0;
  }

  onEntry(cell: KeyCell, slot: string, part: string, text: string): void {
    this.schedule.note(cell, slot, part, text);
    if (slot !== SORTED_SLOT) return;
    this.#nextSorted = Math.max(this.#nextSorted, Number.parseInt(part, 36) + 1);
  }

  onWindow(open: OpenWindow): void {
    this.#expiries.push(open);
    if (this.node.fn.code.onWindowExpiration !== undefined) this.#ends.push(open);
  }

  /** Takes elements of one window; returns how many were too late and dropped. */
  take(
    columns: WindowColumns,
    keeps: (index: number) => boolean,
    inputWatermark: Timestamp,
    into: StatefulElement[],
  ): number {
    const { window: windowKey, keys = [], values, times, letter } = columns;
    const window = parseWindowKey(windowKey);
    const pane = decodePane(columns.pane);
    const isExpired = expiryOf(window, this.latenessMs) < inputWatermark;
    // What has been sorted up to a time takes nothing before it.
    const isSorted = this.node.fn.code.requiresTimeSortedInput === true;
    const since = isSorted ? addMs(inputWatermark, -this.latenessMs) : MIN_TIMESTAMP;
    let dropped = 0;
    for (let i = 0; i < values.length; i++) {
      if (!keeps(i)) continue;
      const timestamp = times?.[i] ?? maxTimestamp(window);
      if (isExpired || timestamp < since) {
        dropped++;
        continue;
      }
      const [keyText, value] = [keys[i] ?? "", values[i] ?? null];
      const element = { kind: "element", windowKey, keyText, value, timestamp, pane } as const;
      into.push(letter === undefined ? element : { ...element, letter });
    }
    return dropped;
  }

  /** Part of the next element that waits to be sorted. */
  nextSortedPart(): string {
    return (this.#nextSorted++).toString(36);
  }

  /** The window that expires first. */
  nextExpiring(): OpenWindow | undefined {
    return this.#firstOf(this.#expiries);
  }

  hold(): Timestamp {
    const [, output] = this.watermarks;
    return earlier(this.schedule.hold(output), this.#holdOfEnds(output));
  }

  nextTimer(): Timestamp {
    const event = this.schedule.nextEvent()?.time ?? MAX_TIMESTAMP;
    return earlier(event, this.nextExpiring()?.expiry ?? MAX_TIMESTAMP);
  }

  nextProcessingMs(): number {
    return this.schedule.nextProcessing()?.time ?? MAX_TIMESTAMP;
  }

  nextSynchronizedMs(): number {
    return MAX_TIMESTAMP;
  }

  settle(): void {
    this.cells.settle();
  }

  #holdOfEnds(outputWatermark: Timestamp): Timestamp {
    for (;;) {
      const open = this.#firstOf(this.#ends);
      if (open === undefined) return MAX_TIMESTAMP;
      const end = maxTimestamp(open.window);
      if (end >= outputWatermark) return end;
      this.#ends.pop(); // Late, and for ever: it holds nothing.
    }
  }

  #firstOf(heap: Heap<OpenWindow>): OpenWindow | undefined {
    for (;;) {
      const open = heap.peek();
      const isOpen = open !== undefined && this.cells.windows.get(open.key) === open;
      if (open === undefined || (isOpen && open.cells.size > 0)) return open;
      heap.pop();
    }
  }
}
