/**
 * Schedule: what of a stateful DoFn is due when: timers, and elements that wait to be sorted.
 *
 * Owns: their order in time and the holds that they place. Does not own: where they are stored
 * (key-cells.ts), or what happens when they are due (stateful-work.ts).
 *
 * Entries come and go by way of key-cells.ts. An item counts as long as its entry has its text: so
 * nothing need be taken out of the middle of a heap, and undoing is putting the entry back.
 *
 * SC1. Items come out by time; at one time, elements before timers; then by an order that does not
 *      depend on how they got in, so that a shard that was opened anew goes on alike.
 *
 * @see Beam's InMemoryTimerInternals
 */
import { MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import type { TimerSpecs } from "../../sdk/state/stateful-do-fn.ts";
import type { TimeDomain } from "../../sdk/state/timers.ts";
import { Heap } from "../heap.ts";
import type { KeyCell } from "./key-cells.ts";

/** Slot of the elements that wait to be sorted; their parts count up. */
export const SORTED_SLOT = "o";

/** The slot of a timer; its part is the tag. */
export function timerSlot(name: string): string {
  return `t${name}`;
}

/** The name of a slot's timer. */
export function timerOf(slot: string): string {
  return slot.slice(1);
}

/** A timer that is set, or an element that waits. */
export interface DueItem {
  readonly cell: KeyCell;
  readonly slot: string;
  readonly part: string;
  /** Text of the entry: `[time,output or null,…]`. */
  readonly text: string;
  /** When it is due, in its domain. */
  readonly time: Timestamp;
  /** Timestamp of what it gives: a hold. MAX if it gives nothing. */
  readonly output: Timestamp;
}

/** Garbage that a heap may hold beside as much that counts. */
const GARBAGE_MIN = 1_000;

/** What is due when. */
export class Schedule {
  readonly #domains: ReadonlyMap<string, TimeDomain>;
  readonly #event = new Heap(isBefore);
  readonly #processing = new Heap(isBefore);
  readonly #holds = new Heap<DueItem>((a, b) => a.output < b.output);
  #cleanedSize = 0;

  constructor(timers: TimerSpecs) {
    const domains = Object.entries(timers).map(
      ([name, { domain }]) => [timerSlot(name), domain] as const,
    );
    this.#domains = new Map<string, TimeDomain>([...domains, [SORTED_SLOT, "event"]]);
  }

  /** Takes note of an entry; those of other slots are no concern of this. */
  note(cell: KeyCell, slot: string, part: string, text: string): void {
    const domain = this.#domains.get(slot);
    if (domain === undefined) return;
    const time = Number.parseInt(text.slice(1), 10) as Timestamp;
    const output = Number.parseInt(text.slice(text.indexOf(",") + 1), 10);
    const item: DueItem = {
      cell,
      slot,
      part,
      text,
      time,
      output: (Number.isNaN(output) ? MAX_TIMESTAMP : output) as Timestamp,
    };
    (domain === "event" ? this.#event : this.#processing).push(item);
    if (item.output < MAX_TIMESTAMP) this.#holds.push(item);
    this.#clean();
  }

  /** The first item of event time. */
  nextEvent(): DueItem | undefined {
    return firstOf(this.#event);
  }

  /** The first item of processing time. */
  nextProcessing(): DueItem | undefined {
    return firstOf(this.#processing);
  }

  /** The earliest output timestamp. What lies behind the output watermark is late and holds nothing. */
  hold(outputWatermark: Timestamp): Timestamp {
    for (;;) {
      const first = firstOf(this.#holds);
      if (first === undefined) return MAX_TIMESTAMP;
      if (first.output >= outputWatermark) return first.output;
      this.#holds.pop();
    }
  }

  /** Timers that are set again and again leave their old items behind. */
  #clean(): void {
    const size = this.#event.size + this.#processing.size + this.#holds.size;
    if (size < 2 * this.#cleanedSize + GARBAGE_MIN) return;
    for (const heap of [this.#event, this.#processing, this.#holds]) {
      const seen = new Set<string>();
      for (const item of heap.clear()) {
        const { cell, slot, part } = item;
        const name = JSON.stringify([cell.open.key, cell.keyText, slot, part]);
        if (!counts(item) || seen.has(name)) continue;
        seen.add(name);
        heap.push(item);
      }
    }
    this.#cleanedSize = this.#event.size + this.#processing.size + this.#holds.size;
  }
}

/** `[time,output]`, as `note` reads it. */
export function timerText(time: Timestamp, output: Timestamp | undefined): string {
  return `[${time},${output ?? null}]`;
}

function counts({ cell, slot, part, text }: DueItem): boolean {
  return cell.slots.get(slot)?.get(part) === text;
}

function firstOf(heap: Heap<DueItem>): DueItem | undefined {
  for (;;) {
    const first = heap.peek();
    if (first === undefined || counts(first)) return first;
    heap.pop();
  }
}

function isBefore(a: DueItem, b: DueItem): boolean {
  if (a.time !== b.time) return a.time < b.time;
  if (a.slot !== b.slot) return a.slot < b.slot; // "o" before "t…".
  if (a.part !== b.part) {
    // Parts of waiting elements are numbers in base 36.
    return a.part.length === b.part.length ? a.part < b.part : a.part.length < b.part.length;
  }
  if (a.cell.keyText !== b.cell.keyText) return a.cell.keyText < b.cell.keyText;
  return a.cell.open.window.start < b.cell.open.window.start;
}
