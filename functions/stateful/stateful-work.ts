/**
 * Stateful work: the elements, timers and expiries of one run, one after the other.
 *
 * Owns: their order, and which are due. Does not own: retries and the search for those that fail
 * (guarded-run.ts), or the user's code (user-code.ts).
 * Place on the data's way: between the shard's input and the fused transforms.
 *
 * SW1. Elements come first, in the order in which they came; then what is due in event time, in the
 *      order of time, and what that sets for a time that has passed, in its place; then what is due
 *      in processing time.
 * SW2. A window's timers come before its expiry. With the expiry everything of it is gone, timers of
 *      processing time too, so that those that loop end when time does.
 * SW3. A run takes at most `firingsMax` of what is due; the rest is left.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { decodeKey } from "../../sdk/coders/key-coder.ts";
import type { PaneInfo } from "../../sdk/model/pane.ts";
import { addMs, type Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp } from "../../sdk/model/window.ts";
import type { Chain } from "../chain.ts";
import { type ReplayPayload, statefulPayload } from "../dead-letters/payload.ts";
import type { LetterAttempt } from "../dead-letters/taking.ts";
import type { PaneJson } from "../envelope.ts";
import type { Watermarks } from "../grouping.ts";
import { decodePane, encodePane } from "../pane-tracker.ts";
import type { ShardDead, ShardWork } from "../run-work.ts";
import type { KeyCell } from "./key-cells.ts";
import { type DueItem, SORTED_SLOT, timerOf } from "./schedule.ts";
import type { StatefulShard } from "./stateful-shard.ts";
import { UserCode } from "./user-code.ts";

/** An element as it came in. */
export interface StatefulElement {
  readonly kind: "element";
  readonly windowKey: string;
  readonly keyText: string;
  readonly value: Json;
  readonly timestamp: Timestamp;
  readonly pane: PaneInfo;
  /** The dead letter that it was. */
  readonly letter?: LetterAttempt;
}

/** What a run goes through. */
export type StatefulItem =
  | StatefulElement
  | { readonly kind: "sorted"; readonly due: DueItem }
  | { readonly kind: "timer"; readonly due: DueItem }
  | { readonly kind: "expiry"; readonly cell: KeyCell };

const TIMER: ReplayPayload = {
  kind: "none",
  reason:
    "A timer's callback failed, not an element; what the key's state held then may have gone.",
};

/** What to forget a cell of which the DoFn is not told costs, in firings. */
const CLEARING_COST = 1 / 16;

interface Mark {
  readonly at: number;
  readonly fired: number;
  readonly taken: number;
  readonly changes: number;
}

/** The elements, timers and expiries of one run. */
export class StatefulWork implements ShardWork<StatefulItem> {
  readonly #shard: StatefulShard;
  readonly #elements: readonly StatefulElement[];
  readonly #code: UserCode;
  readonly #input: Timestamp;
  readonly #nowMs: number;
  readonly #firingsMax: number;
  readonly #dropped = new Set<unknown>();
  readonly #marks: Mark[] = [];
  #at = 0;
  #fired = 0;
  #taken = 0;
  #last: StatefulItem | undefined;

  constructor(
    shard: StatefulShard,
    elements: readonly StatefulElement[],
    { outputs, sides, finalizers, metrics, userCodeMsMax }: Chain,
    at: { readonly watermarks: Watermarks; readonly nowMs: number; readonly firingsMax: number },
  ) {
    this.#shard = shard;
    this.#elements = elements;
    const { node, cells } = shard;
    const { nowMs } = at;
    const { isDraining } = shard;
    const shared = { outputs, sides, finalizers, metrics, userCodeMsMax };
    this.#code = new UserCode({ ...shared, node, cells, nowMs, isDraining });
    this.#input = at.watermarks[0];
    this.#nowMs = at.nowMs;
    // A run that had to be narrowed down to the utmost takes an element or a firing, not both.
    this.#firingsMax = at.firingsMax === 1 && elements.length > 0 ? 0 : at.firingsMax;
    shard.watermarks = at.watermarks;
  }

  /** Whether nothing is left that is due. */
  get isDone(): boolean {
    const isLeft = (element: StatefulElement, i: number): boolean =>
      i >= this.#at && !this.#dropped.has(element);
    return !this.#elements.some(isLeft) && this.#due() === undefined;
  }

  /** The one item that was taken; undefined if it was none or several. */
  get only(): StatefulItem | undefined {
    return this.#taken === 1 ? this.#last : undefined;
  }

  next(): StatefulItem | undefined {
    while (this.#at < this.#elements.length) {
      const element = this.#elements[this.#at++] as StatefulElement;
      if (!this.#dropped.has(element)) return this.#take(element);
    }
    while (this.#fired < this.#firingsMax) {
      const item = this.#due();
      if (item === undefined) return undefined;
      if (this.#consume(item)) return this.#take(item);
    }
    return undefined;
  }

  feed(item: StatefulItem): void | Promise<void> {
    switch (item.kind) {
      case "element":
        return this.#isSorted ? this.#buffer(item) : this.#code.process(item);
      case "sorted":
        return this.#code.process(elementOf(item.due));
      case "timer":
        return this.#code.onTimer(item.due);
      default:
        return this.#expire(item.cell);
    }
  }

  seal(): void {
    this.#shard.cells.seal();
  }

  mark(): number {
    const changes = this.#shard.cells.mark();
    return this.#marks.push({ at: this.#at, fired: this.#fired, taken: this.#taken, changes }) - 1;
  }

  rollback(mark: number): void {
    const { at, fired, taken, changes } = this.#marks[mark] as Mark;
    this.#shard.cells.rollback(changes);
    this.#at = at;
    this.#fired = fired;
    this.#taken = taken;
    this.#marks.length = mark + 1;
  }

  drop(item: StatefulItem): void {
    this.#dropped.add(identityOf(item));
  }

  changedBytes(): number {
    return this.#shard.cells.changedBytes();
  }

  /** Returns an item as a dead letter tells of it. */
  describe(item: StatefulItem): Omit<ShardDead, "error" | "attempts"> {
    if (item.kind === "element") {
      const { keyText, value, timestamp, windowKey: window, letter } = item;
      const element = { key: decodeKey(keyText), value };
      const replay = statefulPayload(item);
      return { element, timestamp, window, replay, ...(letter && { letter }) };
    }
    if (item.kind === "sorted") return this.describe(elementOf(item.due));
    const { open, keyText } = item.kind === "expiry" ? item.cell : item.due.cell;
    const of = { key: decodeKey(keyText), window: open.window };
    const more = { window: open.key, replay: TIMER };
    if (item.kind === "expiry") {
      const timestamp = maxTimestamp(open.window);
      return { element: { ...of, timer: "onWindowExpiration" }, timestamp, ...more };
    }
    const { slot, part, time: fireTimestamp, output: timestamp } = item.due;
    const tag = part === "" ? {} : { tag: part };
    const element = { ...of, timer: timerOf(slot), ...tag, fireTimestamp };
    return { element, timestamp, ...more };
  }

  get #isSorted(): boolean {
    return this.#shard.node.fn.code.requiresTimeSortedInput === true;
  }

  #take(item: StatefulItem): StatefulItem {
    this.#taken++;
    this.#last = item;
    return item;
  }

  /** What is due next; it stays where it is. */
  #due(): StatefulItem | undefined {
    const { schedule } = this.#shard;
    const event = schedule.nextEvent();
    const open = this.#shard.nextExpiring();
    const [cell] = open?.cells.values() ?? [];
    const isFirst = event !== undefined && (open === undefined || event.time <= open.expiry);
    if (isFirst && event.time < this.#input) return itemOf(event);
    if (open !== undefined && cell !== undefined && open.expiry < this.#input) {
      return { kind: "expiry", cell };
    }
    const processing = schedule.nextProcessing();
    const isDue = processing !== undefined && processing.time <= this.#nowMs;
    return isDue ? itemOf(processing) : undefined;
  }

  /** Takes an item out of what is due; returns false if nobody is to be told of it. */
  #consume(item: StatefulItem): boolean {
    const { cells, node } = this.#shard;
    const isDropped = this.#dropped.has(identityOf(item));
    if (item.kind === "expiry") {
      // An expiry is over when the cell is gone, which is after the DoFn has seen it.
      if (!isDropped && node.fn.code.onWindowExpiration !== undefined) {
        this.#fired++;
        return true;
      }
      this.#fired += CLEARING_COST;
      cells.clear(item.cell);
      return false;
    }
    if (item.kind !== "element") {
      const { cell, slot, part } = item.due;
      cells.touch(cell);
      cells.set(cell, slot, part, undefined);
    }
    this.#fired++;
    return !isDropped;
  }

  #buffer({ windowKey, keyText, value, timestamp, pane }: StatefulElement): void {
    const { cells, latenessMs } = this.#shard;
    const cell = cells.cell(windowKey, keyText);
    const due = addMs(timestamp, latenessMs);
    const json: SortedJson = [due, timestamp, encodePane(pane) ?? null, value];
    cells.set(cell, SORTED_SLOT, this.#shard.nextSortedPart(), JSON.stringify(json));
  }

  #expire(cell: KeyCell): void | Promise<void> {
    const { cells } = this.#shard;
    cells.touch(cell);
    const running = this.#code.onWindowExpiration(cell);
    if (running === undefined) return cells.clear(cell);
    return running.then(() => cells.clear(cell));
  }
}

/** An element that waits to be sorted: when it is due, its timestamp, pane and value. */
type SortedJson = readonly [number, number, PaneJson | null, Json];

function itemOf(due: DueItem): StatefulItem {
  return { kind: due.slot === SORTED_SLOT ? "sorted" : "timer", due };
}

/** Returns an element that waited. */
function elementOf({ cell, text, output: timestamp }: DueItem): StatefulElement {
  const [, , pane, value] = JSON.parse(text) as SortedJson;
  const { open, keyText } = cell;
  return {
    kind: "element",
    windowKey: open.key,
    keyText,
    value,
    timestamp,
    pane: decodePane(pane ?? undefined),
  };
}

/** What stays the same of an item when a run is undone. */
function identityOf(item: StatefulItem): unknown {
  if (item.kind === "element") return item;
  if (item.kind === "expiry") return item.cell;
  const { cell, slot, part, text } = item.due;
  return JSON.stringify([cell.open.key, cell.keyText, slot, part, text]);
}
