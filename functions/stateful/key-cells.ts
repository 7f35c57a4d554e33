/**
 * Key cells: what a stateful DoFn keeps of each key in each window, as entries of the shard's state.
 *
 * Owns: the ids of entries, the index by window and key, and undoing what a failed run changed.
 * Does not own: what an entry means (state-*.ts, schedule.ts).
 *
 * An entry's id is `slot window n part+key`: the slot is a letter and a name, `n` the length of the
 * part in base 36, so that any text can be a part (a map's key, a timer's tag) or a key.
 *
 * KC1. After `rollback(mark)` all entries are as they were when `mark` was taken.
 * KC2. After `settle` the shard's state is equal to the entries, and what has no entry is forgotten.
 * KC3. A text is never `null`: state.ts takes that for a removed entry.
 */
import type { Timestamp } from "../../sdk/model/time.ts";
import { parseWindowKey, type Window } from "../../sdk/model/window.ts";
import type { ShardState } from "../state.ts";
import { expiryOf } from "../window-expiry.ts";

/** Something of a cell's state, decoded; forgotten after each commit and each failure. */
export interface Live {
  /** Writes what has changed into the entries. */
  seal(): void;
}

/** What is kept of one key in one window. */
export interface KeyCell {
  readonly open: OpenWindow;
  readonly keyText: string;
  /** Texts by slot, then by part. */
  readonly slots: Map<string, Map<string, string>>;
  /** Decoded states by their names. */
  live: Map<string, unknown>;
  /** What of them has changed since it was sealed. */
  readonly unsealed: Set<Live>;
}

/** A window of which something is kept. */
export interface OpenWindow {
  readonly key: string;
  readonly window: Window;
  /** What is kept of it is forgotten when the input watermark is after this. */
  readonly expiry: Timestamp;
  readonly cells: Map<string, KeyCell>;
}

/** Who wants to know of entries and windows as they come and go. */
export interface CellsObserver {
  /** An entry has this text now. */
  onEntry(cell: KeyCell, slot: string, part: string, text: string): void;
  /** A window has its first cell, maybe again. */
  onWindow(open: OpenWindow): void;
}

interface Change {
  readonly cell: KeyCell;
  readonly slot: string;
  readonly part: string;
  readonly before: string | undefined;
}

/** Begins the ids of all entries that are kept here. */
export const SLOT: RegExp = /^[smto]/;

/** What a stateful DoFn keeps of each key in each window. */
export class KeyCells {
  readonly windows: Map<string, OpenWindow> = new Map();
  readonly #state: ShardState;
  readonly #latenessMs: number;
  readonly #observer: CellsObserver;
  readonly #changes: Change[] = [];
  readonly #touched = new Set<KeyCell>();
  readonly #unsealed = new Set<KeyCell>();

  constructor(state: ShardState, latenessMs: number, observer: CellsObserver) {
    this.#state = state;
    this.#latenessMs = latenessMs;
    this.#observer = observer;
    for (const [id, text] of state.entries()) {
      if (!SLOT.test(id)) continue;
      const { slot, windowKey, part, keyText } = parseId(id);
      this.#apply(this.cell(windowKey, keyText), slot, part, text);
    }
    this.#touched.clear();
  }

  /** Returns the cell of a key and window; a new one is forgotten if nothing is put into it. */
  cell(windowKey: string, keyText: string): KeyCell {
    let open = this.windows.get(windowKey);
    if (open === undefined) {
      const window = parseWindowKey(windowKey);
      const expiry = expiryOf(window, this.#latenessMs);
      open = { key: windowKey, window, expiry, cells: new Map() };
      this.windows.set(windowKey, open);
    }
    let cell = open.cells.get(keyText);
    if (cell === undefined) {
      cell = { open, keyText, slots: new Map(), live: new Map(), unsealed: new Set() };
      this.#adopt(cell);
    }
    this.#touched.add(cell);
    return cell;
  }

  /** Notes that the user's code will see a cell. */
  touch(cell: KeyCell): void {
    this.#touched.add(cell);
  }

  get(cell: KeyCell, slot: string, part = ""): string | undefined {
    return cell.slots.get(slot)?.get(part);
  }

  /** The parts of a slot, in any order. */
  parts(cell: KeyCell, slot: string): readonly string[] {
    return [...(cell.slots.get(slot)?.keys() ?? [])];
  }

  /** Puts an entry, or removes it where `text` is undefined. */
  set(cell: KeyCell, slot: string, part: string, text: string | undefined): void {
    const before = this.get(cell, slot, part);
    if (before === text) return;
    this.#changes.push({ cell, slot, part, before });
    this.#apply(cell, slot, part, text);
  }

  /** Removes all entries of a cell, and forgets what was not yet sealed. */
  clear(cell: KeyCell): void {
    forgetLive(cell);
    for (const [slot, texts] of [...cell.slots]) {
      for (const part of [...texts.keys()]) this.set(cell, slot, part, undefined);
    }
    cell.open.cells.delete(cell.keyText);
    this.#touched.add(cell);
  }

  /** Notes that decoded state has changed and must be sealed. */
  noteChanged(cell: KeyCell, live: Live): void {
    cell.unsealed.add(live);
    this.#unsealed.add(cell);
  }

  /** Writes decoded state that has changed into the entries. */
  seal(): void {
    for (const { unsealed } of this.#unsealed) {
      for (const live of unsealed) live.seal();
      unsealed.clear();
    }
    this.#unsealed.clear();
  }

  /** A moment to go back to. Nothing may be unsealed. */
  mark(): number {
    return this.#changes.length;
  }

  rollback(mark: number): void {
    this.#unsealed.clear();
    // The user's code may have changed in place what it has read.
    for (const cell of this.#touched) forgetLive(cell);
    for (const { cell, slot, part, before } of this.#changes.splice(mark).reverse()) {
      this.#apply(cell, slot, part, before);
    }
  }

  /** About how many bytes the changes since the last commit take. */
  changedBytes(): number {
    let bytes = 0;
    for (const { cell, slot, part } of this.#changes) {
      bytes += part.length + cell.keyText.length + (this.get(cell, slot, part)?.length ?? 0);
    }
    return bytes;
  }

  /** Writes the changes into the shard's state. */
  settle(): void {
    for (const { cell, slot, part } of this.#changes) {
      const id = idOf(cell, slot, part);
      const text = this.get(cell, slot, part);
      if (text === undefined) this.#state.delete(id);
      else if (text !== this.#state.get(id)) this.#state.put(id, text);
    }
    this.#changes.length = 0;
    for (const cell of this.#touched) this.#prune(cell);
    this.#touched.clear();
  }

  #apply(cell: KeyCell, slot: string, part: string, text: string | undefined): void {
    const texts = cell.slots.get(slot);
    if (text === undefined) {
      texts?.delete(part);
      if (texts?.size === 0) cell.slots.delete(slot);
      return;
    }
    if (texts === undefined) cell.slots.set(slot, new Map([[part, text]]));
    else texts.set(part, text);
    if (!cell.open.cells.has(cell.keyText)) this.#adopt(cell);
    this.#observer.onEntry(cell, slot, part, text);
  }

  #adopt(cell: KeyCell): void {
    const { cells } = cell.open;
    cells.set(cell.keyText, cell);
    if (cells.size === 1) this.#observer.onWindow(cell.open);
  }

  #prune(cell: KeyCell): void {
    const { open, keyText, slots } = cell;
    forgetLive(cell);
    if (slots.size === 0) open.cells.delete(keyText);
    if (open.cells.size === 0) this.windows.delete(open.key);
  }
}

function forgetLive(cell: KeyCell): void {
  cell.unsealed.clear();
  if (cell.live.size > 0) cell.live = new Map();
}

function idOf({ open, keyText }: KeyCell, slot: string, part: string): string {
  const length = part === "" ? "" : part.length.toString(36);
  return `${slot} ${open.key} ${length} ${part}${keyText}`;
}

/** Returns the parts of an entry's id. */
export function parseId(id: string): {
  slot: string;
  windowKey: string;
  part: string;
  keyText: string;
} {
  const [slot = "", windowKey = "", length = ""] = id.split(" ", 3);
  const from = slot.length + windowKey.length + length.length + 3;
  const to = from + (length === "" ? 0 : Number.parseInt(length, 36));
  return { slot, windowKey, part: id.slice(from, to), keyText: id.slice(to) };
}
