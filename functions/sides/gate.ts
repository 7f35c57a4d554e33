/**
 * Gate: the root of a stage that reads side inputs.
 *
 * Owns: which elements may go on, and which must wait for a side input of their window. Does not own:
 * what they wait for (side-views.ts) and how they are kept (waiting.ts).
 * Place on the data's way: after the shard has dropped known bundles, before the fused transforms.
 *
 * V4. An element goes on exactly once, when all its side inputs are ready, and holds the watermark
 *     until then.
 *
 * @see Beam's SimplePushbackSideInputDoFnRunner
 */
import type { AwaitSideInputsNode, StatefulParDoNode } from "../../sdk/model/graph.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey } from "../../sdk/model/window.ts";
import type { WindowColumns } from "../envelope.ts";
import type { Keeper } from "../keeper.ts";
import type { ShardState } from "../state.ts";
import { expiryOf } from "../window-expiry.ts";
import { SideViews } from "./side-views.ts";
import { Waiting, type WaitingChunk } from "./waiting.ts";

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
  #mainWatermark: Timestamp = MIN_TIMESTAMP;

  constructor(
    node: SideInputRoot,
    state: ShardState,
    sideWatermarks: Readonly<Record<string, Timestamp>>,
  ) {
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
    const chunk: WaitingChunk = {
      window,
      values: [],
      times: [],
      keys: keys === undefined ? undefined : [],
      pane,
    };
    let dropped = 0;
    for (let i = 0; i < values.length; i++) {
      if (!keeps(i)) continue;
      if (isExpired) {
        dropped++;
        continue;
      }
      chunk.values.push(values[i] ?? null);
      chunk.times.push(times?.[i] ?? end);
      chunk.keys?.push(keys?.[i] ?? "");
    }
    if (chunk.values.length > 0) this.#waiting.add(columns.window, chunk);
    return dropped;
  }

  /** Lets go what is ready, about `elementsMax` elements of it. */
  release(
    mainWatermark: Timestamp,
    elementsMax: number,
  ): {
    readonly chunks: readonly WaitingChunk[];
    readonly isDone: boolean;
  } {
    this.#mainWatermark = mainWatermark;
    return this.#waiting.release((window) => this.views.isReady(window), elementsMax);
  }

  sideTimers(): Record<string, Timestamp> {
    return this.views.timers(this.#waiting.windows());
  }

  hold(): Timestamp {
    return this.#waiting.hold();
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
    if (this.#waiting.isEmpty) this.views.expire(this.#mainWatermark, this.#latenessMs);
  }
}
