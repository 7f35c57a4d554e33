/**
 * Side views: what a shard has of the side inputs of its stage, window by window.
 *
 * Owns: the panes that came in, when a window is ready, and what a DoFn then reads. Does not own:
 * elements that wait (waiting.ts), the form of a view (view.ts).
 *
 * V2. A window is ready when a whole pane of it has come, or when the side input's watermark has
 *     passed its end (it is then as it is, mostly empty). A signal is ready when its window has
 *     closed: when the watermark has passed its end and the allowed lateness.
 * V3. A window is forgotten when no main window can see it any more, as the main input's watermark
 *     says.
 *
 * A pane may come in several bundles; its elements count from when the last one is there.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { GraphNode } from "../../sdk/model/graph.ts";
import { earlier, MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey, type Window, windowKey } from "../../sdk/model/window.ts";
import type { NamedSideInput } from "../../sdk/transforms/side-input.ts";
import type { WindowColumns } from "../envelope.ts";
import { DOCUMENT_BYTES_MAX } from "../options.ts";
import type { ShardState } from "../state.ts";
import { placeOf } from "../user-errors.ts";
import { expiryOf } from "../window-expiry.ts";
import { sideWindowOf } from "./side-window.ts";
import { viewOf } from "./view.ts";

/** Text of a side input's window at most: what a shard keeps of it, and each other shard as well. */
export const SIDE_INPUT_BYTES_MAX: number = DOCUMENT_BYTES_MAX;

/** A bundle of a pane. */
interface Chunk {
  readonly paneIndex: number;
  /** How many elements the whole pane has. */
  readonly paneSize: number;
  readonly values: readonly Json[];
  readonly bytes: number;
}

/** What a shard has of one window of one side input. */
interface SideWindow {
  readonly window: Window;
  readonly chunks: Chunk[];
  bytes: number;
  /** The value for DoFns, made when it is first read; undefined: to be made. */
  view: { readonly value: unknown } | undefined;
}

/** A window that has become too big to be kept. */
export interface TooBig {
  readonly error: MeshError;
  /** What had come of it, which is not kept any more. */
  readonly dropped: readonly (readonly Json[])[];
}

/** One side input. */
interface Side {
  readonly spec: NamedSideInput;
  readonly windowOf: (main: Window) => Window;
  readonly windows: Map<string, SideWindow>;
  watermark: Timestamp;
}

/** An entry of the state: one bundle of a pane. `[pane index, pane size, values, bytes]`. */
type ChunkJson = readonly [index: number, size: number, values: readonly Json[], bytes: number];

/** What a shard has of its stage's side inputs. */
export class SideViews {
  readonly #node: GraphNode;
  readonly #state: ShardState;
  readonly #sides: readonly Side[];

  constructor(
    node: GraphNode & { readonly sideInputs: readonly NamedSideInput[] },
    state: ShardState,
    watermarks: Readonly<Record<string, Timestamp>>,
  ) {
    this.#node = node;
    this.#state = state;
    this.#sides = node.sideInputs.map((spec) => ({
      spec,
      windowOf: sideWindowOf(spec.view.windowing.windowFn),
      windows: new Map(),
      watermark: watermarks[spec.name] ?? MIN_TIMESTAMP,
    }));
    for (const [index, key, json] of storedChunks(state)) {
      const [paneIndex, paneSize, values, bytes] = json;
      this.#addChunk(this.#windowOf(index, key), { paneIndex, paneSize, values, bytes });
    }
  }

  /**
   * Takes a bundle of a side input.
   *
   * @returns what is not kept if the window has grown over the limit: nobody can read it any more
   */
  take(columns: WindowColumns): TooBig | undefined {
    const index = this.#indexOf(columns.side ?? "");
    const { values, size: paneSize = values.length, pane } = columns;
    const open = this.#windowOf(index, columns.window);
    const kept = paneSize === 0 ? [] : values;
    const bytes = kept.length === 0 ? 2 : Buffer.byteLength(JSON.stringify(kept));
    const chunk: Chunk = { paneIndex: pane?.[1] ?? 0, paneSize, values: kept, bytes };
    this.#put(index, columns.window, open.chunks.length, chunk);
    this.#addChunk(open, chunk);
    if (open.bytes <= SIDE_INPUT_BYTES_MAX) return undefined;
    const dropped = open.chunks.map((each) => each.values).filter((list) => list.length > 0);
    // Without its elements, but with its size: that it is too big must not be forgotten.
    for (const [i, each] of open.chunks.entries()) {
      if (each.values.length === 0) continue;
      open.chunks[i] = { ...each, values: [] };
      this.#put(index, columns.window, i, { ...each, values: [] });
    }
    return { error: this.#tooBig(index, open), dropped };
  }

  /** Takes over a side input's watermark; an older one changes nothing. */
  advance(name: string, watermark: Timestamp): void {
    const side = this.#sides[this.#indexOf(name)];
    if (side !== undefined && side.watermark < watermark) side.watermark = watermark;
  }

  /** Returns whether everything that a main window sees is there. */
  isReady(main: Window): boolean {
    return this.#sides.every((side) => {
      const window = side.windowOf(main);
      if (side.watermark > readyAfter(side, window)) return true;
      if (side.spec.kind === "signal") return false;
      const open = side.windows.get(windowKey(window));
      return open !== undefined && (isUnreadable(open) || wholePanes(open).length > 0);
    });
  }

  /**
   * Returns what a side input holds for a main window.
   *
   * @param where - names the ParDo that reads it, in errors
   * @throws ERR_USER_CODE if it is not what its kind of view allows
   * @throws ERR_ELEMENT_TOO_BIG if it was too big to be kept
   */
  read(name: string, main: Window, where: string): unknown {
    const index = this.#indexOf(name);
    const { spec, windowOf, windows } = this.#sides[index] as Side;
    const open = windows.get(windowKey(windowOf(main)));
    if (open === undefined) return viewOf(spec, [], where);
    if (isUnreadable(open)) throw this.#tooBig(index, open, where);
    open.view ??= { value: viewOf(spec, elementsOf(open), where) };
    return open.view.value;
  }

  /** Watermarks of the side inputs as the shard knows them, by name. */
  watermarks(): Record<string, Timestamp> {
    return Object.fromEntries(this.#sides.map(({ spec, watermark }) => [spec.name, watermark]));
  }

  /** By side input: the earliest watermark whose passing makes one of these main windows ready. */
  timers(waiting: readonly Window[]): Record<string, Timestamp> {
    const timers: Record<string, Timestamp> = {};
    for (const side of this.#sides) {
      let next = MAX_TIMESTAMP;
      for (const main of waiting) next = earlier(next, readyAfter(side, side.windowOf(main)));
      timers[side.spec.name] = next;
    }
    return timers;
  }

  /** The earliest main watermark whose passing makes a window of no use. */
  nextExpiry(latenessMs: number): Timestamp {
    let next = MAX_TIMESTAMP;
    for (const { windows } of this.#sides) {
      for (const { window } of windows.values()) {
        next = earlier(next, expiryOf(window, latenessMs));
      }
    }
    return next;
  }

  /** Returns whether what a main window sees may have been forgotten already. */
  isForgotten(main: Window, mainWatermark: Timestamp, latenessMs: number): boolean {
    return this.#sides.some(({ windowOf }) => expiryOf(windowOf(main), latenessMs) < mainWatermark);
  }

  /** Forgets windows that no main window can see any more (V3). */
  expire(mainWatermark: Timestamp, latenessMs: number): void {
    for (const [index, { windows }] of this.#sides.entries()) {
      for (const [key, open] of windows) {
        if (mainWatermark <= expiryOf(open.window, latenessMs)) continue;
        for (const i of open.chunks.keys()) this.#state.delete(`y${index}.${i} ${key}`);
        windows.delete(key);
      }
    }
  }

  #indexOf(name: string): number {
    const index = this.#sides.findIndex(({ spec }) => spec.name === name);
    if (index >= 0) return index;
    throw new MeshError(
      "ERR_PIPELINE",
      `${placeOf(this.#node)} has no side input "${name}". Name it in parDo(…, { sideInputs }).`,
    );
  }

  #windowOf(index: number, key: string): SideWindow {
    const { windows } = this.#sides[index] as Side;
    let open = windows.get(key);
    if (open === undefined) {
      open = {
        window: parseWindowKey(key),
        chunks: [],
        bytes: 0,
        view: undefined,
      };
      windows.set(key, open);
    }
    return open;
  }

  #addChunk(open: SideWindow, chunk: Chunk): void {
    open.chunks.push(chunk);
    open.bytes += chunk.bytes;
    open.view = undefined;
  }

  #put(index: number, key: string, number: number, chunk: Chunk): void {
    const { paneIndex, paneSize, values, bytes } = chunk;
    const json: ChunkJson = [paneIndex, paneSize, values, bytes];
    this.#state.put(`y${index}.${number} ${key}`, JSON.stringify(json));
  }

  #tooBig(index: number, { bytes, window }: SideWindow, where = placeOf(this.#node)): MeshError {
    return new MeshError(
      "ERR_ELEMENT_TOO_BIG",
      `${where}: the side input "${this.#sides[index]?.spec.name}" takes ${bytes} bytes in the window ${windowKey(window)}; at most ${SIDE_INPUT_BYTES_MAX} fit. Join by key instead (coGroupByKey), or make it smaller.`,
    );
  }
}

/** The watermark whose passing makes a side window ready without a pane. */
function readyAfter({ spec }: Side, window: Window): Timestamp {
  const end = maxTimestamp(window);
  if (spec.kind !== "signal") return end;
  return expiryOf(window, spec.view.windowing.allowedLatenessMs);
}

/** The stored bundles, those of a window in their order. */
function storedChunks(state: ShardState): [index: number, key: string, json: ChunkJson][] {
  const found: [number, [number, string, ChunkJson]][] = [];
  for (const [id, text] of state.entries()) {
    const [, index, number, key] = /^y(\d+)\.(\d+) (.+)$/.exec(id) ?? [];
    if (key !== undefined) found.push([Number(number), [Number(index), key, JSON.parse(text)]]);
  }
  return found.sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
}

function isUnreadable({ bytes }: SideWindow): boolean {
  return bytes > SIDE_INPUT_BYTES_MAX;
}

/** The panes of which all bundles have come, in their order. */
function wholePanes({ chunks }: SideWindow): (readonly Chunk[])[] {
  const panes = [...Map.groupBy(chunks, ({ paneIndex }) => paneIndex)].sort(([a], [b]) => a - b);
  return panes
    .map(([, ofPane]) => ofPane)
    .filter((ofPane) => {
      const count = ofPane.reduce((sum, { values }) => sum + values.length, 0);
      return count >= (ofPane[0]?.paneSize ?? 0);
    });
}

function elementsOf(open: SideWindow): unknown[] {
  return wholePanes(open).flatMap((chunks) =>
    chunks.flatMap(({ values }) => values.map((value) => anyCoder.decode(value))),
  );
}
