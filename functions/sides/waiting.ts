/**
 * Waiting: elements of the main input whose side inputs are not ready yet.
 *
 * Owns: keeping them, and the watermark hold that they are. Does not own: when a window is ready
 * (side-views.ts).
 *
 * What comes in and goes out in one activation is never written into the state.
 */
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { parseWindowKey, type Window } from "../../sdk/model/window.ts";
import type { WindowColumns } from "../envelope.ts";
import type { ShardState } from "../state.ts";

/** Elements that came together, each with its timestamp. */
export type WaitingColumns = WindowColumns & { readonly times: readonly Timestamp[] };

interface Kept {
  readonly columns: WaitingColumns;
  readonly window: Window;
  /** Number of its entry; undefined: not stored. */
  entry: number | undefined;
}

/** Elements that wait. */
export class Waiting {
  readonly #state: ShardState;
  #kept: Kept[] = [];
  #nextEntry = 0;

  constructor(state: ShardState) {
    this.#state = state;
    for (const [id, text] of state.entries()) {
      if (!id.startsWith("w ")) continue;
      const columns = JSON.parse(text) as WaitingColumns;
      const entry = Number(id.slice(2));
      this.#kept.push({ columns, window: parseWindowKey(columns.window), entry });
      this.#nextEntry = Math.max(this.#nextEntry, entry + 1);
    }
    this.#kept.sort((a, b) => (a.entry ?? 0) - (b.entry ?? 0));
  }

  /** Adds elements at the end. */
  add(columns: WaitingColumns, window: Window): void {
    this.#kept.push({ columns, window, entry: undefined });
  }

  /**
   * Takes out what is ready by its window, oldest first, until it is `elementsMax` elements.
   *
   * @returns what was taken, and whether nothing that is ready is left
   */
  release(
    isReady: (window: Window) => boolean,
    elementsMax: number,
  ): { readonly released: readonly WaitingColumns[]; readonly isDone: boolean } {
    const ready = new Map<string, boolean>();
    const released: WaitingColumns[] = [];
    const staying: Kept[] = [];
    let count = 0;
    let isDone = true;
    for (const kept of this.#kept) {
      const { columns, window, entry } = kept;
      const goes = ready.get(columns.window) ?? isReady(window);
      ready.set(columns.window, goes);
      if (!goes || count >= elementsMax) {
        isDone &&= !goes;
        staying.push(kept);
        continue;
      }
      count += columns.values.length;
      released.push(columns);
      if (entry !== undefined) this.#state.delete(`w ${entry}`);
    }
    this.#kept = staying;
    return { released, isDone };
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** The windows of what waits. */
  windows(): Window[] {
    return [...new Map(this.#kept.map(({ columns, window }) => [columns.window, window])).values()];
  }

  /** The earliest timestamp of what waits, `since` or later; MAX if there is none. */
  earliest(since: Timestamp): Timestamp {
    let earliest = MAX_TIMESTAMP;
    for (const { columns } of this.#kept) {
      for (const time of columns.times) if (time >= since) earliest = earlier(earliest, time);
    }
    return earliest;
  }

  /** Writes what came in and still waits into the state. */
  settle(): void {
    for (const kept of this.#kept) {
      if (kept.entry !== undefined) continue;
      kept.entry = this.#nextEntry++;
      this.#state.put(`w ${kept.entry}`, JSON.stringify(kept.columns));
    }
  }
}
