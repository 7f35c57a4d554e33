/**
 * Bundle builder: gathers the elements for one target shard, and cuts them into bundles.
 *
 * Owns: the columns of a bundle and its limits of count and size. Does not own: which shard an
 * element goes to (shuffle.ts), or the number of the bundle (sent.ts, at the commit).
 *
 * B1. Every element is in exactly one bundle.
 * B2. A bundle's text is at most BUNDLE_BYTES_MAX, unless it is one element alone.
 */
import type { Json } from "../sdk/coders/coder.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { PaneJson, WindowColumns } from "./envelope.ts";
import { DOCUMENT_BYTES_MAX } from "./options.ts";

/** A bundle without its number: what a run of the transforms gives. */
export interface Bundle {
  readonly stage: string;
  readonly shard: number;
  readonly minTime: Timestamp;
  readonly count: number;
  /** JSON text of `WindowColumns[]`. */
  readonly windowsText: string;
}

interface Columns {
  readonly window: string;
  readonly pane?: PaneJson;
  readonly keys: string[];
  readonly values: Json[];
  readonly times: Timestamp[];
  readonly ids: string[];
}

/** Text of one bundle at most; several fit into one commit. */
const BUNDLE_BYTES_MAX = 400_000;

/** Gathers the elements for one target shard. */
export class BundleBuilder {
  readonly #columns = new Map<string, Columns>();
  #minTime: Timestamp = MAX_TIMESTAMP;

  /**
   * Adds an element. `key`, `time` and `id` are given for all elements of a shuffle or for none.
   */
  add(
    window: string,
    value: Json,
    minTime: Timestamp,
    key: string | undefined,
    time: Timestamp | undefined,
    id: string | undefined,
    pane?: PaneJson,
  ): void {
    const slot = pane === undefined ? window : `${window} ${pane.join(" ")}`;
    let columns = this.#columns.get(slot);
    if (columns === undefined) {
      columns = { window, keys: [], values: [], times: [], ids: [] };
      if (pane !== undefined) columns = { ...columns, pane };
      this.#columns.set(slot, columns);
    }
    columns.values.push(value);
    if (key !== undefined) columns.keys.push(key);
    if (time !== undefined) columns.times.push(time);
    if (id !== undefined) columns.ids.push(id);
    this.#minTime = earlier(this.#minTime, minTime);
  }

  /**
   * Returns all elements as bundles of at most `elementsMax`.
   *
   * @throws ERR_ELEMENT_TOO_BIG if one element alone is larger than a document may be
   */
  finish(stage: string, shard: number, elementsMax: number): Bundle[] {
    const to = { stage, shard, bundleElementsMax: elementsMax };
    return cutBundles([...this.#columns.values()], this.#minTime, to);
  }
}

/** Where bundles go, and how many elements each may have. */
export interface BundleTarget {
  readonly stage: string;
  readonly shard: number;
  readonly bundleElementsMax: number;
}

/**
 * Returns columns as bundles (B1, B2).
 *
 * @throws ERR_ELEMENT_TOO_BIG if one element alone is larger than a document may be
 */
export function cutBundles(
  all: readonly WindowColumns[],
  minTime: Timestamp,
  to: BundleTarget,
): Bundle[] {
  const bundles: Bundle[] = [];
  let windows: WindowColumns[] = [];
  let count = 0;
  const close = (): void => {
    if (count > 0) closeBundle(windows, count, minTime, to, bundles);
    windows = [];
    count = 0;
  };
  for (const columns of all) {
    for (let from = 0; from < columns.values.length; ) {
      const end = Math.min(columns.values.length, from + to.bundleElementsMax - count);
      windows.push(slice(columns, from, end));
      count += end - from;
      from = end;
      if (count >= to.bundleElementsMax) close();
    }
  }
  close();
  return bundles;
}

function closeBundle(
  windows: readonly WindowColumns[],
  count: number,
  minTime: Timestamp,
  to: BundleTarget,
  bundles: Bundle[],
): void {
  const windowsText = JSON.stringify(windows);
  const bytes = Buffer.byteLength(windowsText);
  const { stage, shard } = to;
  if (bytes <= BUNDLE_BYTES_MAX || count === 1) {
    checkSize(bytes, stage);
    bundles.push({ stage, shard, minTime, count, windowsText });
    return;
  }
  for (const half of halve(windows, count)) {
    closeBundle(half.windows, half.count, minTime, to, bundles);
  }
}

function checkSize(bytes: number, stage: string): void {
  if (bytes <= DOCUMENT_BYTES_MAX * 0.75) return;
  throw new MeshError(
    "ERR_ELEMENT_TOO_BIG",
    `An element for stage ${stage} takes ${bytes} bytes; at most ${DOCUMENT_BYTES_MAX * 0.75} ` +
      "may cross a shuffle. Keep large content in Cloud Storage and send its name.",
  );
}

/** Splits columns of `count` elements into two of half each. */
export function halve(
  windows: readonly WindowColumns[],
  count: number,
): { windows: WindowColumns[]; count: number }[] {
  const firstCount = Math.floor(count / 2);
  const first: WindowColumns[] = [];
  const second: WindowColumns[] = [];
  let room = firstCount;
  for (const columns of windows) {
    const here = Math.min(room, columns.values.length);
    if (here > 0) first.push(slice(columns, 0, here));
    if (here < columns.values.length) second.push(slice(columns, here, columns.values.length));
    room -= here;
  }
  return [
    { windows: first, count: firstCount },
    { windows: second, count: count - firstCount },
  ];
}

function slice(columns: WindowColumns, from: number, to: number): WindowColumns {
  const { window, keys, values, times, ids, pane, side, size } = columns;
  return {
    window,
    values: values.slice(from, to),
    ...(keys !== undefined && keys.length > 0 && { keys: keys.slice(from, to) }),
    ...(times !== undefined && times.length > 0 && { times: times.slice(from, to) }),
    ...(ids !== undefined && ids.length > 0 && { ids: ids.slice(from, to) }),
    ...(pane !== undefined && { pane }),
    ...(side !== undefined && { side }),
    ...(size !== undefined && { size }),
  };
}
