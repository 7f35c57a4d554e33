/**
 * Stateful context: what the user's code sees of the element, timer or window at hand.
 *
 * Owns: the way from the names of states and timers to the cell at hand, and the check of outputs.
 * Does not own: what is at hand (stateful-work.ts).
 *
 * SX1. An output is never older than its input, but by the skew that the DoFn allows.
 */
import { decodeKey } from "../../sdk/coders/key-coder.ts";
import { assert } from "../../sdk/model/assert.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { StatefulParDoNode } from "../../sdk/model/graph.ts";
import { NO_FIRING, type PaneInfo } from "../../sdk/model/pane.ts";
import {
  addMs,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, maxTimestamp, type Window } from "../../sdk/model/window.ts";
import type { StateSpec } from "../../sdk/state/state-specs.ts";
import type { TimeDomain, TimerSpec } from "../../sdk/state/timers.ts";
import type { BundleFinalizer } from "../../sdk/transforms/bundle-finalizer.ts";
import { type DoFnOutputs, noSideInputs, unknownTag } from "../do-fn-outputs.ts";
import { type ChainMetrics, passOn } from "../metrics/chain-metrics.ts";
import type { Receive } from "../shuffle.ts";
import type { SideViews } from "../sides/side-views.ts";
import { placeOf, timestampError } from "../user-errors.ts";
import type { KeyCell, KeyCells } from "./key-cells.ts";
import { timerSlot, timerText } from "./schedule.ts";
import { LiveBag, LiveMultimap } from "./state-bag.ts";
import { StateCodec } from "./state-codec.ts";
import { LiveMap, LiveSet } from "./state-map.ts";
import { LiveOrderedList } from "./state-ordered-list.ts";
import { StateSlot } from "./state-slot.ts";
import { LiveCombining, LiveValue } from "./state-value.ts";
import { TimerFamilyHandle, TimerHandle, type TimerId, type TimerScope } from "./timer-handle.ts";

type OutputOptions = { readonly timestamp?: TimestampLike };

/** What all contexts of a shard share. */
export interface StatefulHost {
  readonly node: StatefulParDoNode;
  readonly cells: KeyCells;
  readonly finalizers: BundleFinalizer;
  readonly outputs: DoFnOutputs;
  /** What the stage has of its side inputs; undefined if it has none. */
  readonly sides: SideViews | undefined;
  readonly metrics: ChainMetrics;
  /** Processing time, in ms. */
  readonly nowMs: number;
  /** User code that is waited for so long has failed, in ms. */
  readonly userCodeMsMax: number;
  /** Whether the job is drained. */
  readonly isDraining: boolean;
}

/** Returns what makes contexts for a host. */
export function contextsOf(host: StatefulHost): () => StatefulContext {
  const { node } = host;
  const states = accessors(node.fn.state, (name, spec) => {
    const codec = new StateCodec(node, name, spec.kind === "set" ? NO_CODER : spec.coder);
    return (context) =>
      context.liveOf(name, (cell) => liveState(host.cells, cell, name, spec, codec));
  });
  const timers = accessors(node.fn.timers, (name, { kind, domain }: TimerSpec) => {
    const where = `${placeOf(node)}, timer "${name}"`;
    const id: TimerId = { slot: timerSlot(name), domain, where };
    return (context) =>
      kind === "family" ? new TimerFamilyHandle(context, id) : new TimerHandle(context, id);
  });
  return () => new StatefulContext(host, states, timers);
}

/** What the user's code sees of the element, timer or window at hand. */
export class StatefulContext implements TimerScope {
  key: unknown;
  window: Window = GLOBAL_WINDOW;
  pane: PaneInfo = NO_FIRING;
  timestamp: Timestamp = MIN_TIMESTAMP;
  fireTimestamp: Timestamp = MIN_TIMESTAMP;
  tag = "";
  firing: Timestamp | undefined;
  readonly state: object;
  readonly timers: object;
  readonly bundleFinalizer: BundleFinalizer;
  readonly #host: StatefulHost;
  #cell: KeyCell | undefined;
  /** What an event-time timer is set relative to. */
  #eventNow: Timestamp = MIN_TIMESTAMP;

  constructor(host: StatefulHost, states: object, timers: object) {
    this.#host = host;
    this.bundleFinalizer = host.finalizers;
    this.state = Object.create(states, { [owner]: { value: this } }) as object;
    this.timers = Object.create(timers, { [owner]: { value: this } }) as object;
  }

  /** Makes this the context of an element, a timer or a window. */
  enter(
    cell: KeyCell,
    timestamp: Timestamp,
    eventNow: Timestamp,
    pane: PaneInfo = NO_FIRING,
    fireTimestamp: Timestamp = timestamp,
    tag = "",
    firing?: Timestamp,
  ): void {
    this.#cell = cell;
    this.#eventNow = eventNow;
    this.key = decodeKey(cell.keyText);
    this.window = cell.open.window;
    this.pane = pane;
    this.timestamp = timestamp;
    this.fireTimestamp = fireTimestamp;
    this.tag = tag;
    this.firing = firing;
  }

  /** From now on, using the context is an error: what it was made for has ended. */
  leave(): void {
    this.#cell = undefined;
  }

  readonly output = (value: unknown, options?: OutputOptions): void =>
    this.#emit(this.#host.outputs.main, value, options);

  readonly outputTo = (tag: string, value: unknown, options?: OutputOptions): void => {
    const { node, outputs } = this.#host;
    const next = outputs.tagged.get(tag);
    if (next === undefined) throw unknownTag(node, tag);
    this.#emit(next, value, options);
  };

  readonly sideInput = (name: string): unknown => {
    const { node, sides } = this.#host;
    if (sides === undefined) throw noSideInputs(node, name);
    return sides.read(name, this.#here().open.window, placeOf(node));
  };

  #emit(receive: Receive, value: unknown, options: OutputOptions | undefined): void {
    const { open } = this.#here();
    const { node } = this.#host;
    let { timestamp } = this;
    if (timestamp === MAX_TIMESTAMP) throw this.#noOutput();
    if (options?.timestamp !== undefined) {
      timestamp = toTimestamp(options.timestamp);
      if (timestamp < this.earliest) throw timestampError(node, timestamp, this.timestamp);
    }
    passOn(receive, value, timestamp, open.window, this.pane);
  }

  get earliest(): Timestamp {
    return addMs(this.timestamp, -this.#host.node.fn.allowedTimestampSkewMs);
  }

  get expiry(): Timestamp {
    return this.#here().open.expiry;
  }

  get endsLoops(): boolean {
    const isGlobal = maxTimestamp(this.window) === maxTimestamp(GLOBAL_WINDOW);
    return this.#host.isDraining && this.firing !== undefined && isGlobal;
  }

  now(domain: TimeDomain): Timestamp {
    return domain === "event" ? this.#eventNow : (this.#host.nowMs as Timestamp);
  }

  putTimer(
    slot: string,
    tag: string,
    time: Timestamp | undefined,
    output: Timestamp | undefined,
  ): void {
    const held = output === MAX_TIMESTAMP ? undefined : output;
    const text = time === undefined ? undefined : timerText(time, held);
    this.#host.cells.set(this.#here(), slot, tag, text);
  }

  /** Returns a state of the cell at hand, made by `make` when it is first used. */
  liveOf(name: string, make: (cell: KeyCell) => unknown): unknown {
    const cell = this.#here();
    let live = cell.live.get(name);
    if (live === undefined) {
      live = make(cell);
      cell.live.set(name, live);
    }
    return live;
  }

  #here(): KeyCell {
    if (this.#cell !== undefined) return this.#cell;
    throw new MeshError(
      "ERR_USER_CODE",
      `${placeOf(this.#host.node)}: its context is used after the call for which it was made has ended. Await everything that process or onTimer starts.`,
    );
  }

  #noOutput(): MeshError {
    return new MeshError(
      "ERR_TIMESTAMP",
      `${placeOf(this.#host.node)}: a timer that was set withNoOutputTimestamp() emits something; the watermark may have passed any time. Set the timer with an output timestamp.`,
    );
  }
}

const owner = Symbol("context");

/** An object with a getter for each name, for contexts to inherit from. */
function accessors<S>(
  specs: Readonly<Record<string, S>>,
  make: (name: string, spec: S) => (context: StatefulContext) => unknown,
): object {
  const prototype: object = {};
  for (const [name, spec] of Object.entries(specs)) {
    const get = make(name, spec);
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: { readonly [owner]?: StatefulContext }) {
        assert(this[owner] !== undefined, "a state is read outside of a context");
        return get(this[owner]);
      },
    });
  }
  return prototype;
}

const NO_CODER = { name: "none", encode: () => null, decode: () => null };

function liveState(
  cells: KeyCells,
  cell: KeyCell,
  name: string,
  spec: StateSpec,
  codec: StateCodec,
): unknown {
  const slot = new StateSlot(cells, cell, name, codec);
  switch (spec.kind) {
    case "value":
      return new LiveValue(slot);
    case "bag":
      return new LiveBag(slot);
    case "combining":
      return new LiveCombining(slot, spec.fn);
    case "map":
      return new LiveMap(slot);
    case "set":
      return new LiveSet(slot);
    case "orderedList":
      return new LiveOrderedList(slot);
    default:
      return new LiveMultimap(slot);
  }
}
