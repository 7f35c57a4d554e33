/**
 * State: a shard's memory, log-structured: entries `id → JSON text`.
 *
 * Owns: which entries live, and where each is stored: in the memtable that travels in the head, or
 * in a segment (a document of its own). Does not own: what an entry means (grouping.ts, dedup.ts).
 * Place on the data's way: read when a shard is opened, written by each commit through head.ts.
 *
 * Firestore bills by document and not by byte. So the newest changes ride in the head; a full
 * memtable becomes a segment, and four segments of one size class become one of the next. An
 * entry is so written about log₄(state ÷ memtable) times. An open shard holds all its live entries,
 * so merging reads nothing. Segments too large for one commit are not merged any more; one that is
 * mostly dead is given up, and what lives in it is written anew.
 *
 * L1. The newest place wins: memtable, then segments from the newest to the oldest.
 * L2. A removed entry leaves a tombstone as long as an older segment may still hold it.
 * L3. Nothing live means nothing stored: no segment and an empty memtable.
 */
import type { PartDocument } from "./ports.ts";
import { cutText } from "./text-parts.ts";

/** One segment, as the head lists it. */
export interface SegmentInfo {
  readonly id: string;
  readonly bytes: number;
}

/** What a commit must do to parts because of state. */
export interface StateChanges {
  /** Entries of the memtable, tombstones as null, as JSON text of an object. */
  readonly memtable: string;
  readonly segments: readonly SegmentInfo[];
  readonly partsToPut: readonly PartDocument[];
  readonly partsToDelete: readonly string[];
}

const TOMBSTONE = "null";
const SEGMENTS_OF_ONE_SIZE_MAX = 4;
/** A larger segment is not made by merging: it must fit into a commit beside everything else. */
const MERGED_BYTES_MAX = 1_000_000;
/** A segment of which less than this part is of use is given up. */
const USEFUL_PART_MIN = 1 / 4;
const inMemtable = -1;

interface Entry {
  text: string;
  /** Number of the segment that holds the newest text, or `inMemtable`. */
  home: number;
}

interface Segment {
  readonly number: number;
  readonly parts: readonly SegmentInfo[];
  readonly bytes: number;
  /** Of these, what is the newest text of a live entry. */
  liveBytes: number;
  /** Ids that this segment holds, tombstones included, whether or not newer places have them. */
  readonly ids: Set<string>;
}

/** A shard's memory. */
export class ShardState {
  readonly #entries = new Map<string, Entry>();
  readonly #memtable = new Map<string, string>();
  readonly #memtableBytesMax: number;
  #memtableBytes = 0;
  #segments: Segment[] = [];
  #nextSegment = 0;

  constructor(memtableBytesMax: number) {
    this.#memtableBytesMax = memtableBytesMax;
  }

  /** Rebuilds the state from a head's memtable and the texts of its segments, oldest first. */
  static load(
    memtableBytesMax: number,
    memtable: Readonly<Record<string, unknown>>,
    segments: readonly { readonly info: SegmentInfo; readonly text: string }[],
  ): ShardState {
    const state = new ShardState(memtableBytesMax);
    for (const parts of Map.groupBy(segments, ({ info }) => numberOf(info)).values()) {
      const text = parts.map((part) => part.text).join("");
      state.#loadSegment(
        parts.map(({ info }) => info),
        JSON.parse(text),
      );
    }
    for (const [id, value] of Object.entries(memtable)) state.#set(id, JSON.stringify(value));
    return state;
  }

  /** All live entries. */
  *entries(): IterableIterator<[id: string, text: string]> {
    for (const [id, entry] of this.#entries) yield [id, entry.text];
  }

  /** How many entries live. */
  get size(): number {
    return this.#entries.size;
  }

  /** The text of an entry; undefined if there is none. */
  get(id: string): string | undefined {
    return this.#entries.get(id)?.text;
  }

  put(id: string, text: string): void {
    this.#set(id, text);
  }

  delete(id: string): void {
    if (this.#entries.has(id)) this.#set(id, TOMBSTONE);
  }

  /** Settles what the next commit stores. Call once a commit, after all changes. */
  settle(): StateChanges {
    const partsToPut: PartDocument[] = [];
    const partsToDelete: string[] = [];
    if (this.#entries.size === 0) this.#dropAll(partsToDelete);
    else if (this.#memtableBytes > this.#memtableBytesMax) {
      this.#giveUp(partsToDelete);
      this.#spill(partsToPut);
      this.#merge(partsToPut, partsToDelete);
    }
    return {
      memtable: textOf(this.#memtable),
      segments: this.#segments.flatMap((segment) => segment.parts),
      partsToPut: partsToPut.filter((part) => !partsToDelete.includes(part.id)),
      partsToDelete,
    };
  }

  #set(id: string, text: string): void {
    const before = this.#memtable.get(id);
    if (before !== undefined) this.#memtableBytes -= before.length + id.length;
    this.#leaveHome(id);
    if (text === TOMBSTONE) this.#entries.delete(id);
    else this.#entries.set(id, { text, home: inMemtable });
    if (text === TOMBSTONE && !this.#segments.some((segment) => segment.ids.has(id))) {
      this.#memtable.delete(id);
      return;
    }
    this.#memtable.set(id, text);
    this.#memtableBytes += text.length + id.length;
  }

  #loadSegment(parts: readonly SegmentInfo[], content: Readonly<Record<string, unknown>>): void {
    const number = parts[0] === undefined ? 0 : numberOf(parts[0]);
    this.#nextSegment = Math.max(this.#nextSegment, number + 1);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const segment = { number, parts, bytes, liveBytes: 0, ids: new Set(Object.keys(content)) };
    for (const [id, value] of Object.entries(content)) {
      this.#leaveHome(id);
      if (value === null) this.#entries.delete(id);
      else {
        const text = JSON.stringify(value);
        this.#entries.set(id, { text, home: number });
        segment.liveBytes += bytesOf(id, text);
      }
    }
    this.#segments.push(segment);
  }

  /** An entry's text of before is dead: the segment that holds it has so much less that lives. */
  #leaveHome(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.home === inMemtable) return;
    const home = this.#segments.find((segment) => segment.number === entry.home);
    if (home !== undefined) home.liveBytes -= bytesOf(id, entry.text);
  }

  #dropAll(partsToDelete: string[]): void {
    for (const segment of this.#segments) partsToDelete.push(...segment.parts.map((p) => p.id));
    this.#segments = [];
    this.#memtable.clear();
    this.#memtableBytes = 0;
  }

  /** Moves what is of use in a segment that is mostly dead into the memtable, and drops it. */
  #giveUp(partsToDelete: string[]): void {
    for (const [index, segment] of this.#segments.entries()) {
      if (segment.liveBytes >= segment.bytes * USEFUL_PART_MIN) continue;
      const useful = this.#usefulOf(segment, this.#segments.slice(0, index));
      let bytes = 0;
      for (const [id, text] of useful) bytes += bytesOf(id, text);
      if (bytes >= segment.bytes * USEFUL_PART_MIN) continue;
      this.#segments.splice(index, 1);
      for (const [id, text] of useful) this.#set(id, text);
      partsToDelete.push(...segment.parts.map((part) => part.id));
      return; // One at a time, so that a commit stays small.
    }
  }

  /** The newest texts that a segment holds, and tombstones that older segments still need. */
  #usefulOf(segment: Segment, older: readonly Segment[]): Map<string, string> {
    const useful = new Map<string, string>();
    for (const id of segment.ids) {
      const entry = this.#entries.get(id);
      if (entry?.home === segment.number) useful.set(id, entry.text);
      else if (entry === undefined && older.some((each) => each.ids.has(id))) {
        useful.set(id, TOMBSTONE);
      }
    }
    return useful;
  }

  #spill(partsToPut: PartDocument[]): void {
    this.#segments.push(this.#newSegment(this.#memtable, partsToPut));
    this.#memtable.clear();
    this.#memtableBytes = 0;
  }

  /** Joins the newest segments while there are too many of one size class. */
  #merge(partsToPut: PartDocument[], partsToDelete: string[]): void {
    for (;;) {
      const newest = this.#segments.at(-1);
      if (newest === undefined) return;
      const first = this.#segments.findIndex((s) => sizeClass(s.bytes) <= sizeClass(newest.bytes));
      const merged = this.#segments.slice(first);
      if (merged.length < SEGMENTS_OF_ONE_SIZE_MAX) return;
      if (merged.reduce((sum, segment) => sum + segment.bytes, 0) > MERGED_BYTES_MAX) return;
      this.#segments = this.#segments.slice(0, first);
      const content = this.#liveContentOf(merged);
      for (const segment of merged) partsToDelete.push(...segment.parts.map((part) => part.id));
      if (content.size > 0) this.#segments.push(this.#newSegment(content, partsToPut));
    }
  }

  /** The newest texts that live in these segments, and tombstones that older ones still need. */
  #liveContentOf(merged: readonly Segment[]): Map<string, string> {
    const content = new Map<string, string>();
    for (const segment of merged) {
      for (const id of segment.ids) {
        const entry = this.#entries.get(id);
        const isOlder = this.#segments.some((older) => older.ids.has(id));
        if (entry === undefined) {
          if (isOlder) content.set(id, TOMBSTONE);
        } else if (entry.home !== inMemtable) {
          content.set(id, entry.text);
        }
      }
    }
    return content;
  }

  #newSegment(content: ReadonlyMap<string, string>, partsToPut: PartDocument[]): Segment {
    const number = this.#nextSegment++;
    const parts: SegmentInfo[] = [];
    let bytes = 0;
    for (const text of cutText(textOf(content))) {
      const id = `s${number.toString(36)}.${parts.length}`;
      partsToPut.push({ id, text });
      parts.push({ id, bytes: text.length });
      bytes += text.length;
    }
    let liveBytes = 0;
    for (const [id, text] of content) {
      if (text === TOMBSTONE) continue;
      this.#entries.set(id, { text, home: number });
      liveBytes += bytesOf(id, text);
    }
    return { number, parts, bytes, liveBytes, ids: new Set(content.keys()) };
  }
}

function bytesOf(id: string, text: string): number {
  return id.length + text.length;
}

function numberOf(info: SegmentInfo): number {
  return Number.parseInt(info.id.slice(1), 36);
}

function sizeClass(bytes: number): number {
  return Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(SEGMENTS_OF_ONE_SIZE_MAX));
}

function textOf(entries: Iterable<readonly [string, string]>): string {
  const fields: string[] = [];
  for (const [id, text] of entries) fields.push(`${JSON.stringify(id)}:${text}`);
  return `{${fields.join(",")}}`;
}
