/**
 * State slot: the entries of one declared state in one cell.
 *
 * Owns: the way from a state at hand to its entries. Does not own: their form (the other state-*.ts).
 */
import type { KeyCell, KeyCells, Live } from "./key-cells.ts";
import type { StateCodec } from "./state-codec.ts";

/** Text of one chunk of a list about, so that reading a range need not parse everything. */
const CHUNK_BYTES = 64_000;

/** The entries of one declared state in one cell. */
export class StateSlot {
  readonly codec: StateCodec;
  readonly #cells: KeyCells;
  readonly #cell: KeyCell;
  readonly #slot: string;

  constructor(cells: KeyCells, cell: KeyCell, name: string, codec: StateCodec) {
    this.codec = codec;
    this.#cells = cells;
    this.#cell = cell;
    this.#slot = `s${name}`;
  }

  get(part: string): string | undefined {
    return this.#cells.get(this.#cell, this.#slot, part);
  }

  set(part: string, text: string | undefined): void {
    this.#cells.set(this.#cell, this.#slot, part, text);
  }

  parts(): readonly string[] {
    return this.#cells.parts(this.#cell, this.#slot);
  }

  noteChanged(live: Live): void {
    this.#cells.noteChanged(this.#cell, live);
  }
}

/** Cuts a list into chunks of about CHUNK_BYTES of text; `textOf` gives the text of an item. */
export function chunksOf<T>(
  items: readonly T[],
  textOf: (item: T) => string,
): { readonly items: readonly T[]; readonly text: string }[] {
  const chunks: { items: T[]; text: string }[] = [];
  let texts: string[] = [];
  let bytes = 0;
  let from = 0;
  const close = (to: number): void => {
    if (texts.length > 0)
      chunks.push({ items: items.slice(from, to), text: `[${texts.join(",")}]` });
    [texts, bytes, from] = [[], 0, to];
  };
  for (const [i, item] of items.entries()) {
    const text = textOf(item);
    if (bytes + text.length > CHUNK_BYTES) close(i);
    texts.push(text);
    bytes += text.length;
  }
  close(items.length);
  return chunks;
}
