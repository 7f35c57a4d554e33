/**
 * Waiting: elements of the main input whose side inputs are not ready yet.
 *
 * Owns: keeping them, and the watermark hold that they are. Does not own: when a window is ready
 * (side-views.ts).
 *
 * What comes in and goes out in one activation is never written into the state.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { parseWindowKey, type Window } from "../../sdk/model/window.ts";
import type { PaneJson } from "../envelope.ts";
import type { ShardState } from "../state.ts";

/** Elements of one window and pane that came together. */
export interface WaitingChunk {
  readonly window: Window;
  readonly values: Json[];
  readonly times: Timestamp[];
  /** Texts of the keys, where the stage groups by key. */
  readonly keys: string[] | undefined;
  readonly pane: PaneJson | undefined;
}

interface Kept extends WaitingChunk {
  readonly windowKey: string;
  /** Number of its entry; undefined: not stored. */
  entry: number | undefined;
}

/** `[values, times, pane or null, keys or nothing]`. */
type ChunkJson = readonly [Json[], Timestamp[], PaneJson | null, string[]?];

/** Elements that wait. */
export class Waiting {
  readonly #state: ShardState;
  #kept: Kept[] = [];
  #nextEntry = 0;

  constructor(state: ShardState) {
    this.#state = state;
    for (const [id, text] of state.entries()) {
      const [, number, windowKey] = /^w(\d+) (.+)$/.exec(id) ?? [];
      if (number === undefined || windowKey === undefined) continue;
      const [values, times, pane, keys] = JSON.parse(text) as ChunkJson;
      const window = parseWindowKey(windowKey);
      const entry = Number(number);
      const chunk = { window, values, times, keys, pane: pane ?? undefined };
      this.#kept.push({ ...chunk, windowKey, entry });
      this.#nextEntry = Math.max(this.#nextEntry, entry + 1);
    }
    this.#kept.sort((a, b) => (a.entry ?? 0) - (b.entry ?? 0));
  }

  /** Adds elements at the end. */
  add(windowKey: string, chunk: WaitingChunk): void {
    this.#kept.push({ ...chunk, windowKey, entry: undefined });
  }

  /**
   * Takes out chunks whose window is ready, oldest first, until they hold `elementsMax` elements.
   *
   * @returns the chunks, and whether no ready one is left
   */
  release(
    isReady: (window: Window) => boolean,
    elementsMax: number,
  ): { readonly chunks: readonly WaitingChunk[]; readonly isDone: boolean } {
    const ready = new Map<string, boolean>();
    const chunks: WaitingChunk[] = [];
    const staying: Kept[] = [];
    let count = 0;
    let isDone = true;
    for (const kept of this.#kept) {
      let goes = ready.get(kept.windowKey);
      if (goes === undefined) {
        goes = isReady(kept.window);
        ready.set(kept.windowKey, goes);
      }
      if (!goes || count >= elementsMax) {
        isDone &&= !goes;
        staying.push(kept);
        continue;
      }
      count += kept.values.length;
      chunks.push(kept);
      if (kept.entry !== undefined) this.#state.delete(`w${kept.entry} ${kept.windowKey}`);
    }
    this.#kept = staying;
    return { chunks, isDone };
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** The windows of what waits. */
  windows(): Window[] {
    return [...new Map(this.#kept.map(({ windowKey, window }) => [windowKey, window])).values()];
  }

  /** The earliest timestamp of what waits; MAX if nothing does. */
  hold(): Timestamp {
    let hold = MAX_TIMESTAMP;
    for (const { times } of this.#kept) {
      for (const time of times) hold = earlier(hold, time);
    }
    return hold;
  }

  /** Writes what came in and still waits into the state. */
  settle(): void {
    for (const kept of this.#kept) {
      if (kept.entry !== undefined) continue;
      kept.entry = this.#nextEntry++;
      const { values, times, pane = null, keys } = kept;
      const json: ChunkJson =
        keys === undefined ? [values, times, pane] : [values, times, pane, keys];
      this.#state.put(`w${kept.entry} ${kept.windowKey}`, JSON.stringify(json));
    }
  }
}
