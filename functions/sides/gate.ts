/**
 * Gate: the root of a stage that reads side inputs.
 *
 * Owns: which elements may go on, and which must wait for a side input of their window. Does not own:
 * what they wait for (side-views.ts) and how they are kept (waiting.ts).
 * Place on the data's way: after the shard has dropped known bundles, before the fused transforms.
 *
 * V4. An element goes on exactly once, when all its side inputs are ready, and holds the watermark
 *     until then, unless it is late already.
 *
 * @see Beam's SimplePushbackSideInputDoFnRunner
 */
import type { AwaitSideInputsNode, StatefulParDoNode } from "../../sdk/model/graph.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey } from "../../sdk/model/window.ts";
import type { WindowColumns } from "../envelope.ts";
import type { Watermarks } from "../grouping.ts";
import type { Keeper } from "../keeper.ts";
import type { ShardState } from "../state.ts";
import { expiryOf } from "../window-expiry.ts";
import { SideViews } from "./side-views.ts";
import { Waiting } from "./waiting.ts";

/** A root that waits for side inputs. */
export type SideInputRoot = AwaitSideInputsNode | StatefulParDoNode;

/** The root of a stage that reads side inputs. */
export class Gate implements Keeper {
  readonly views: SideViews;
  readonly #waiting: Waiting;
  /** Names of the side inputs. */
  readonly names: readonly string[];
  readonly #latenessMs: number;
  readonly #isStateful: boolean;
  /** As the last run knew them. */
  #watermarks: Watermarks;

  constructor(
    node: SideInputRoot,
    state: ShardState,
    sideWatermarks: Readonly<Record<string, Timestamp>>,
    watermarks: Watermarks,
  ) {
    this.#watermarks = watermarks;
    this.views = new SideViews(node, state, sideWatermarks);
    this.#waiting = new Waiting(state);
    this.names = node.sideInputs.map(({ name }) => name);
    this.#isStateful = node.kind === "statefulParDo";
    this.#latenessMs = node.windowing.allowedLatenessMs;
  }

  /** Takes elements of the main input; returns how many came after all that they could see. */
  take(
    columns: WindowColumns,
    keeps: (index: number) => boolean,
    mainWatermark: Timestamp,
  ): number {
    const { keys, values, times, pane } = columns;
    const window = parseWindowKey(columns.window);
    const end = maxTimestamp(window);
    // A stateless ParDo takes late elements, as long as what they see is there.
    const isExpired =
      this.views.isForgotten(window, mainWatermark, this.#latenessMs) ||
      (this.#isStateful && expiryOf(window, this.#latenessMs) < mainWatermark);
    const indexes = [...values.keys()].filter(keeps);
    if (indexes.length === 0) return 0;
    if (isExpired) return indexes.length;
    const waiting = {
      window: columns.window,
      values: indexes.map((i) => values[i] ?? null),
      times: indexes.map((i) => times?.[i] ?? end),
      ...(keys !== undefined && { keys: indexes.map((i) => keys[i] ?? "") }),
      ...(pane !== undefined && { pane }),
    };
    this.#waiting.add(waiting, window);
    return 0;
  }

  /** Lets go what is ready, about `elementsMax` elements of it. */
  release(watermarks: Watermarks, elementsMax: number): ReturnType<Waiting["release"]> {
    this.#watermarks = watermarks;
    return this.#waiting.release((window) => this.views.isReady(window), elementsMax);
  }

  sideTimers(): Record<string, Timestamp> {
    return this.views.timers(this.#waiting.windows());
  }

  /** The earliest timestamp of what waits, late ones too; MAX if nothing does. */
  earliest(): Timestamp {
    return this.#waiting.earliest(MIN_TIMESTAMP);
  }

  hold(): Timestamp {
    // A late element, behind the output watermark, can hold nothing back any more.
    return this.#waiting.earliest(this.#watermarks[1]);
  }

  nextTimer(): Timestamp {
    // While something waits nothing is forgotten, however late it is.
    return this.#waiting.isEmpty ? this.views.nextExpiry(this.#latenessMs) : MAX_TIMESTAMP;
  }

  nextProcessingMs(): number {
    return MAX_TIMESTAMP;
  }

  nextSynchronizedMs(): number {
    return MAX_TIMESTAMP;
  }

  settle(): void {
    this.#waiting.settle();
  }

  /** Forgets what nobody can see any more. Call when what was released has been run. */
  forget(): void {
    if (this.#waiting.isEmpty) this.views.expire(this.#watermarks[0], this.#latenessMs);
  }
}
