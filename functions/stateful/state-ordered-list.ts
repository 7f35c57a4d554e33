/**
 * Ordered list state: chunks `[[time, value], …]` whose parts say which times they hold.
 *
 * OL1. Adding writes no older entry again; clearing a range writes again only chunks that lie partly
 *      in it.
 * OL2. Reading a range parses only chunks that may hold something of it.
 */
import {
  earlier,
  later,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "../../sdk/model/time.ts";
import type { OrderedListState } from "../../sdk/state/state-types.ts";
import type { TimestampedValue } from "../../sdk/transforms/reify.ts";
import type { Live } from "./key-cells.ts";
import { chunksOf, type StateSlot } from "./state-slot.ts";

interface Chunk {
  /** As stored: its number, its earliest and its latest time, in base 36. */
  readonly part: string;
  readonly number: number;
  readonly from: Timestamp;
  readonly to: Timestamp;
  /** Decoded items; undefined: not read yet. */
  items: Items | undefined;
  /** Whether items were taken out since it was stored. */
  isChanged: boolean;
}

type Items = readonly TimestampedValue<unknown>[];

/** Half-open, as everywhere. */
type Range = readonly [from: number, to: number];

const ALL: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** An ordered list at hand. */
export class LiveOrderedList implements OrderedListState<unknown>, Live {
  readonly #slot: StateSlot;
  /** In the order of adding. */
  #chunks: Chunk[];
  #removed: string[] = [];
  #added: TimestampedValue<unknown>[] = [];

  constructor(slot: StateSlot) {
    this.#slot = slot;
    this.#chunks = slot
      .parts()
      .map(parseChunk)
      .sort((a, b) => a.number - b.number);
  }

  add(timestamp: TimestampLike, value: unknown): void {
    this.#added.push({ timestamp: toTimestamp(timestamp), value });
    this.#slot.noteChanged(this);
  }

  read(): Items {
    return this.#read(ALL);
  }

  readRange(from: TimestampLike, to: TimestampLike): Items {
    return this.#read([toTimestamp(from), toTimestamp(to)]);
  }

  earliest(): Timestamp | undefined {
    const ofChunks = this.#chunks.map(({ from, items, isChanged }) =>
      isChanged && items !== undefined ? firstOf(items) : from,
    );
    const times = this.#added.length === 0 ? ofChunks : [...ofChunks, firstOf(this.#added)];
    return times.length === 0 ? undefined : times.reduce(earlier);
  }

  isEmpty(): boolean {
    return this.#added.length === 0 && this.#chunks.length === 0;
  }

  clear(): void {
    this.#clear(ALL);
  }

  clearRange(from: TimestampLike, to: TimestampLike): void {
    this.#clear([toTimestamp(from), toTimestamp(to)]);
  }

  seal(): void {
    for (const part of this.#removed) this.#slot.set(part, undefined);
    this.#removed = [];
    this.#chunks = this.#chunks.map((chunk) => {
      if (!chunk.isChanged) return chunk;
      this.#slot.set(chunk.part, undefined);
      return this.#write(chunk.number, chunk.items ?? [])[0] ?? chunk;
    });
    const last = this.#chunks.at(-1)?.number ?? -1;
    this.#chunks.push(...this.#write(last + 1, this.#added));
    this.#added = [];
  }

  #read(range: Range): Items {
    const items: TimestampedValue<unknown>[] = [];
    for (const chunk of this.#chunks) {
      if (chunk.from >= range[1] || chunk.to < range[0]) continue;
      for (const item of this.#itemsOf(chunk)) if (isIn(item, range)) items.push(item);
    }
    for (const item of this.#added) if (isIn(item, range)) items.push(item);
    return items.sort((a, b) => a.timestamp - b.timestamp);
  }

  #clear(range: Range): void {
    this.#slot.noteChanged(this);
    this.#added = this.#added.filter((item) => !isIn(item, range));
    this.#chunks = this.#chunks.filter((chunk) => {
      if (chunk.from >= range[1] || chunk.to < range[0]) return true;
      const isInside = chunk.from >= range[0] && chunk.to < range[1];
      const items = isInside ? [] : this.#itemsOf(chunk).filter((item) => !isIn(item, range));
      if (items.length === 0) this.#removed.push(chunk.part);
      else if (items.length < this.#itemsOf(chunk).length) {
        chunk.items = items;
        chunk.isChanged = true;
      }
      return items.length > 0;
    });
  }

  #itemsOf(chunk: Chunk): Items {
    chunk.items ??= (JSON.parse(this.#slot.get(chunk.part) ?? "[]") as [Timestamp, unknown][]).map(
      ([timestamp, json]) => ({ timestamp, value: this.#slot.codec.decode(json) }),
    );
    return chunk.items;
  }

  /** Writes items as chunks, numbered from `first` on. */
  #write(first: number, added: Items): Chunk[] {
    const { codec } = this.#slot;
    const textOf = ({ timestamp, value }: TimestampedValue<unknown>): string =>
      `[${timestamp},${codec.encode(value)}]`;
    return chunksOf(added, textOf).map(({ items, text }, i) => {
      const to = items.reduce((max, { timestamp }) => later(max, timestamp), MIN_TIMESTAMP);
      const from = firstOf(items);
      const number = first + i;
      const part = [number, from, to].map((n) => n.toString(36)).join(" ");
      this.#slot.set(part, text);
      return { part, number, from, to, items, isChanged: false };
    });
  }
}

function firstOf(items: Items): Timestamp {
  return items.reduce((min, { timestamp }) => earlier(min, timestamp), MAX_TIMESTAMP);
}

function isIn({ timestamp }: TimestampedValue<unknown>, [from, to]: Range): boolean {
  return timestamp >= from && timestamp < to;
}

function parseChunk(part: string): Chunk {
  const [number = 0, from = 0, to = 0] = part.split(" ").map((n) => Number.parseInt(n, 36));
  const times = { from: from as Timestamp, to: to as Timestamp };
  return { part, number, ...times, items: undefined, isChanged: false };
}
