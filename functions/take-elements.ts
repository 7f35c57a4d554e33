/**
 * Take elements: the elements of a message → what the stage's root does with them.
 *
 * Owns: which are new, and to which kind of root they go. Does not own: what a root keeps
 * (grouping.ts, sides/, stateful/, reads/).
 * Place on the data's way: the first step of a run (run-bundle.ts).
 */
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { type GraphNode, isShuffle } from "../sdk/model/graph.ts";
import { maxTimestamp, parseWindowKey } from "../sdk/model/window.ts";
import { type ElementRef, PoisonElement } from "./cells.ts";
import { itemOfOutput } from "./dead-letters/payload.ts";
import { dueRecord, type Letters, type ReplayedLetter } from "./dead-letters/taking.ts";
import type { Envelope, WindowColumns } from "./envelope.ts";
import type { Gathered } from "./gathered.ts";
import type { Moment } from "./grouping.ts";
import { decodePane } from "./pane-tracker.ts";
import type { Program } from "./program.ts";
import type { Shard } from "./shard.ts";

/** Elements set aside before this run, because adding them failed: indexes by slot. */
export type Excluded = ReadonlyMap<string, ReadonlySet<number>>;

/** What taking elements needs beside the shard. */
type TakeContext = Omit<Moment, "watermarks"> & { readonly program: Program };

/**
 * Takes the elements of a message.
 *
 * @throws PoisonElement if an element can't be decoded, or the user's code can't add it
 */
export function takeElements(
  shard: Shard,
  { producer, sequence }: Pick<Envelope, "producer" | "sequence">,
  windows: readonly WindowColumns[],
  excluded: Excluded,
  { program, nowMs, synchronizedMs }: TakeContext,
  into: Gathered,
): void {
  const moment = { watermarks: shard.watermarks, nowMs, synchronizedMs };
  for (const [i, columns] of windows.entries()) {
    if (columns.side !== undefined) {
      takeSide(shard, columns, into);
      continue;
    }
    const { ids } = columns;
    const slot = `${producer} ${sequence} ${i}`;
    const without = excluded.get(slot);
    if (columns.keys !== undefined) shard.hotKeys.add(columns.keys);
    let taken = 0;
    const keeps = (index: number): boolean => {
      const id = ids?.[index];
      if (id !== undefined && !shard.dedup.add(id)) {
        shard.metrics.duplicates++;
        return false;
      }
      // After its id is noted: a copy that comes later would be set aside as another letter.
      if (without?.has(index) === true) return false;
      checkReadable(program.root, { columns, index, slot });
      taken++;
      return true;
    };
    if (program.root.kind === "readEach") {
      takeToRead(columns, keeps, shard.reads);
    } else if (shard.grouping !== undefined) {
      shard.metrics.droppedLate += shard.grouping.add(columns, slot, keeps, moment);
    } else if (shard.gate !== undefined) {
      shard.metrics.droppedLate += shard.gate.take(columns, keeps, shard.watermarks[0]);
    } else if (shard.stateful !== undefined) {
      const [input] = shard.watermarks;
      shard.metrics.droppedLate += shard.stateful.take(columns, keeps, input, into.stateful);
    } else {
      takeItems(columns, keeps, program, into);
    }
    shard.metrics.elementsIn += taken;
  }
}

/** Takes dead letters that come back: each alone, so that it is known what becomes of it. */
export function takeLetters(
  shard: Shard,
  { producer, sequence }: Envelope,
  letters: readonly ReplayedLetter[],
  excluded: Excluded,
  context: TakeContext & { readonly letters: Letters },
  into: Gathered,
): void {
  const { root } = context.program;
  for (const { id, attempt, payload } of letters) {
    const letter = { id, attempt };
    const record = dueRecord(context.letters, letter);
    if (record === undefined || into.taken.has(id)) {
      shard.metrics.duplicates++;
      continue;
    }
    const lateBefore = shard.metrics.droppedLate;
    try {
      if (payload.kind === "output") into.items.push({ ...itemOfOutput(root, payload), letter });
      else {
        const from = { producer: `${producer} ${id}`, sequence };
        takeElements(shard, from, [{ ...payload.columns, letter }], excluded, context, into);
      }
    } catch (error) {
      // It can't be read any more: the code's coder is another one.
      if (!isMeshError(error) || error.disposition !== "dead-letter") throw error;
      into.dead.push({ error, attempts: 1, element: payload, replay: payload, letter });
    }
    const isLate = shard.metrics.droppedLate > lateBefore;
    into.taken.set(id, { record, attempt, isLate });
  }
}

/**
 * Decodes a value that would be kept as it is, to see whether it can be: later, when it is needed, it
 * would stop whatever needs it, again and again.
 *
 * @throws PoisonElement if it can't
 */
function checkReadable(root: GraphNode, element: ElementRef): void {
  const value = element.columns.values[element.index] ?? null;
  try {
    if (isShuffle(root) && root.kind !== "combinePerKey") root.valueCoder.decode(value);
  } catch (cause) {
    throw new PoisonElement(element, cause);
  }
}

/** What can't be kept of a side input is set aside by one of the shards that all got it. */
function takeSide(shard: Shard, columns: WindowColumns, into: Gathered): void {
  const tooBig = shard.gate?.views.take(columns);
  if (tooBig === undefined || shard.ref.shard !== 0) return;
  const { error, dropped } = tooBig;
  const { side, window } = columns;
  for (const elements of dropped) {
    into.dead.push({ error, attempts: 1, element: { side, window, elements } });
  }
}

/** Elements that go on as they are. */
export function takeItems(
  columns: WindowColumns,
  keeps: (index: number) => boolean,
  { root, stage }: Program,
  into: Gathered,
): void {
  if (root.kind !== "reshuffle" && root.kind !== "awaitSideInputs") {
    throw new MeshError("ERR_INVARIANT", `Stage ${stage.id} takes no elements.`);
  }
  const window = parseWindowKey(columns.window);
  const pane = decodePane(columns.pane);
  for (const [i, value] of columns.values.entries()) {
    if (!keeps(i)) continue;
    const timestamp = columns.times?.[i] ?? maxTimestamp(window);
    const { letter } = columns;
    const item = { value: root.valueCoder.decode(value), timestamp, window, pane };
    into.items.push(letter === undefined ? item : { ...item, letter });
  }
}

/** Elements that are to be read: each waits in the shard until it is its turn. */
function takeToRead(
  { window, values, times, pane }: WindowColumns,
  keeps: (index: number) => boolean,
  reads: Shard["reads"],
): void {
  const end = maxTimestamp(parseWindowKey(window));
  for (const [i, value] of values.entries()) {
    if (!keeps(i)) continue;
    const timestamp = times?.[i] ?? end;
    reads?.add({
      watermark: timestamp,
      element: { value, timestamp, window, ...(pane && { pane }) },
    });
  }
}
