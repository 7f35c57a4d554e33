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

/** What came of one pane. */
interface Pane {
  readonly size: number;
  readonly values: Json[];
}

/** What a shard has of one window of one side input. */
interface SideWindow {
  readonly window: Window;
  readonly panes: Map<number, Pane>;
  chunks: number;
  bytes: number;
  /** The value for DoFns, made when it is first read; undefined: to be made. */
  view: { readonly value: unknown } | undefined;
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
    for (const [id, text] of state.entries()) {
      const [, index, , key] = /^y(\d+)\.(\d+) (.+)$/.exec(id) ?? [];
      if (index === undefined || key === undefined) continue;
      this.#addChunk(this.#windowOf(Number(index), key), JSON.parse(text) as ChunkJson);
    }
  }

  /**
   * Takes a bundle of a side input.
   *
   * @throws ERR_ELEMENT_TOO_BIG if the window has grown over the limit: the bundle is not kept, and
   *   nobody can read the window any more
   */
  take(columns: WindowColumns): void {
    const index = this.#indexOf(columns.side ?? "");
    const { values, size = values.length, pane } = columns;
    const open = this.#windowOf(index, columns.window);
    const kept = size === 0 ? [] : values;
    const bytes = kept.length === 0 ? 2 : Buffer.byteLength(JSON.stringify(kept));
    const isTooBig = open.bytes + bytes > SIDE_INPUT_BYTES_MAX;
    // Without its elements, but with its size: that it was too big must not be forgotten.
    const chunk: ChunkJson = [pane?.[1] ?? 0, size, isTooBig ? [] : kept, bytes];
    this.#state.put(`y${index}.${open.chunks} ${columns.window}`, JSON.stringify(chunk));
    this.#addChunk(open, chunk);
    if (isTooBig) throw this.#tooBig(index, open);
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
      const panes = side.windows.get(windowKey(window))?.panes ?? new Map<number, Pane>();
      return [...panes.values()].some(({ size, values }) => values.length >= size);
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
    if (open.bytes > SIDE_INPUT_BYTES_MAX) throw this.#tooBig(index, open, where);
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
        for (let i = 0; i < open.chunks; i++) this.#state.delete(`y${index}.${i} ${key}`);
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
        panes: new Map(),
        chunks: 0,
        bytes: 0,
        view: undefined,
      };
      windows.set(key, open);
    }
    return open;
  }

  #addChunk(open: SideWindow, [index, size, values, bytes]: ChunkJson): void {
    const pane = open.panes.get(index) ?? { size, values: [] };
    open.panes.set(index, pane);
    for (const value of values) pane.values.push(value);
    open.chunks++;
    open.bytes += bytes;
    open.view = undefined;
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

function elementsOf({ panes }: SideWindow): unknown[] {
  const whole = [...panes].filter(([, { size, values }]) => values.length >= size);
  whole.sort(([a], [b]) => a - b);
  return whole.flatMap(([, { values }]) => values.map((value) => anyCoder.decode(value)));
}
