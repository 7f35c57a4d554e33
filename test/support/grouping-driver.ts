/**
 * Grouping driver: one shard's Grouping with its state and its watermarks, without a mesh.
 *
 * Owns: what the engine around a Grouping does: windows are assigned, a bundle is added and fired,
 * the output watermark follows from the hold, and the state goes through its stored form. Does not
 * own: what should come out (the tests).
 */
import type { WindowColumns } from "../../functions/envelope.ts";
import { type Firing, Grouping } from "../../functions/grouping.ts";
import { ShardState } from "../../functions/state.ts";
import { encodeKey } from "../../sdk/coders/key-coder.ts";
import { kv, pipeline, sum, type WindowFnSpec, type WindowOptions } from "../../sdk/index.ts";
import type { CombinePerKeyNode, GroupByKeyNode } from "../../sdk/model/graph.ts";
import {
  earlier,
  later,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
} from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, windowKey } from "../../sdk/model/window.ts";
import { type AssignWindows, windowsAssignerOf } from "../../sdk/windowing/window-fn.ts";

export type GroupingNode = CombinePerKeyNode | GroupByKeyNode;

/** An element of a bundle. */
export type DrivenElement = readonly [key: string, value: number, timestamp: number];

/** What the tracker is told. */
export type Progress = readonly [
  hold: Timestamp,
  nextTimer: Timestamp,
  nextProcessingMs: number,
  nextSynchronizedMs: number,
];

/** How the driver goes about it; none of it may change what comes out. */
export interface DrivenMode {
  /** Whether the state is stored and opened anew after each step. */
  readonly reopens: boolean;
  /** Panes that one run fires at most. */
  readonly firingsMax: number;
}

/** The node of a grouping, windowed so. */
export function groupingNode(
  kind: GroupingNode["kind"],
  windows: WindowFnSpec,
  options: WindowOptions,
): GroupingNode {
  const built = pipeline("driven", (p) => {
    const keyed = p
      .create<DrivenElement>([])
      .windowInto(windows, options)
      .map(([key, value]) => kv(key, value));
    if (kind === "groupByKey") keyed.groupByKey();
    else keyed.combinePerKey(sum());
  });
  return built.graph.nodes.find((node): node is GroupingNode => node.kind === kind)!;
}

/** One shard's Grouping. */
export class GroupingDriver {
  readonly dropped = { late: 0, closed: 0 };
  readonly #node: GroupingNode;
  readonly #mode: DrivenMode;
  readonly #assign: AssignWindows;
  #state = new ShardState(200);
  #stored = new Map<string, string>();
  #grouping: Grouping;
  #input: Timestamp = MIN_TIMESTAMP;
  #output: Timestamp = MIN_TIMESTAMP;
  #nowMs = 0;
  #progress: Progress = [MAX_TIMESTAMP, MAX_TIMESTAMP, MAX_TIMESTAMP, MAX_TIMESTAMP];
  #fired: Firing[] = [];

  constructor(node: GroupingNode, mode: DrivenMode) {
    this.#node = node;
    this.#mode = mode;
    this.#assign = windowsAssignerOf(node.inputs[0]!.windowing.windowFn);
    this.#grouping = new Grouping(node, this.#state);
  }

  /** Adds elements as one bundle. */
  add(elements: readonly DrivenElement[]): void {
    const moment = this.#moment(Number.NEGATIVE_INFINITY);
    for (const [i, columns] of this.#columnsOf(elements).entries()) {
      this.dropped.late += this.#grouping.add(columns, `slot ${i}`, () => true, moment);
    }
    this.#fire();
  }

  /** The tracker's way: the output watermark is that of the holds before the shard is told. */
  advanceWatermark(input: number): void {
    this.#input = later(this.#input, input as Timestamp);
    this.#followHold();
    this.#fire();
  }

  advanceProcessingTime(byMs: number): void {
    this.#nowMs += byMs;
    this.#fire();
  }

  /** Tells that nothing more comes of the processing time until now. */
  synchronize(): void {
    this.#fire(this.#nowMs);
  }

  /** What has fired since the last call. */
  take(): Firing[] {
    return this.#fired.splice(0);
  }

  get progress(): Progress {
    return this.#progress;
  }

  get watermarks(): readonly [input: number, output: number] {
    return [this.#input, this.#output];
  }

  /** Entries that are stored. */
  get stateSize(): number {
    return this.#state.size;
  }

  /** Stores the state and opens it anew, as another instance would. */
  #reopen(): void {
    const changes = this.#state.settle();
    for (const id of changes.partsToDelete) this.#stored.delete(id);
    for (const { id, text } of changes.partsToPut) this.#stored.set(id, text);
    const segments = changes.segments.map((info) => ({
      info,
      text: this.#stored.get(info.id) ?? "{}",
    }));
    this.#state = ShardState.load(200, JSON.parse(changes.memtable), segments);
    this.#grouping = new Grouping(this.#node, this.#state);
  }

  #fire(synchronizedMs: number = Number.NEGATIVE_INFINITY): void {
    for (;;) {
      const fired = this.#grouping.fire(this.#moment(synchronizedMs), this.#mode.firingsMax);
      if (fired.failed.length > 0) throw fired.failed[0]?.error;
      for (const firing of fired.firings) this.#checkHold(firing);
      this.#fired.push(...fired.firings);
      this.dropped.closed += fired.droppedClosed;
      this.#progress = this.#progressNow();
      this.#grouping.settle();
      if (this.#mode.reopens) this.#reopen();
      if (fired.isDone) break;
    }
    this.#followHold();
  }

  /** F3: what was told as the hold is before every pane that is not late. */
  #checkHold({ timestamp, pane, window }: Firing): void {
    if (pane.timing === "LATE" || timestamp >= this.#output) return;
    const words = `${pane.timing} pane of ${window.start} to ${window.end} at ${timestamp}`;
    throw new Error(`${words} lies behind the output watermark ${this.#output}`);
  }

  #followHold(): void {
    this.#output = later(this.#output, earlier(this.#input, this.#progress[0]));
  }

  #progressNow(): Progress {
    const grouping = this.#grouping;
    return [
      grouping.hold(),
      grouping.nextTimer(),
      grouping.nextProcessingMs(),
      grouping.nextSynchronizedMs(),
    ];
  }

  #moment(synchronizedMs: number) {
    const watermarks = [this.#input, this.#output] as const;
    return { watermarks, nowMs: this.#nowMs, synchronizedMs };
  }

  #columnsOf(elements: readonly DrivenElement[]): WindowColumns[] {
    const placed = elements.flatMap((element) => {
      const at = element[2] as Timestamp;
      return this.#assign(at, element, GLOBAL_WINDOW).map((window) => ({ element, window }));
    });
    const byWindow = Map.groupBy(placed, ({ window }) => windowKey(window));
    return Array.from(byWindow, ([window, ofWindow]) => ({
      window,
      keys: ofWindow.map(({ element }) => encodeKey(element[0])),
      values: ofWindow.map(({ element }) => element[1]),
      times: ofWindow.map(({ element }) => element[2] as Timestamp),
    }));
  }
}
