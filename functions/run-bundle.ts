/**
 * Run: messages of one shard → state changes and outputs, all in memory.
 *
 * Owns: what each kind of message does to an open shard. Does not own: the commit (activation.ts).
 * Place on the data's way: step 3 of an activation.
 *
 * A4. What comes out depends on the shard, the messages and the user's code alone.
 * A7. A run is bounded: panes and chunk by the options; what is left is a message to itself.
 */
import type { AnySplittable } from "../sdk/io/splittable/splittable.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { PaneInfo } from "../sdk/model/pane.ts";
import { later, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey, type Window } from "../sdk/model/window.ts";
import { type BundleOutputs, NO_OUTPUTS } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import type { DeadLetter } from "./dead-letter.ts";
import type { Envelope, EnvelopeBody, WindowColumns } from "./envelope.ts";
import type { Moment } from "./grouping.ts";
import { guardedRun } from "./guarded-run.ts";
import { sideKey } from "./job.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import { decodePane } from "./pane-tracker.ts";
import type { Clock } from "./ports.ts";
import type { Program } from "./program.ts";
import { runReads, startReads } from "./reads/run-reads.ts";
import { dropPassedRanges } from "./sent.ts";
import { documentBytes, type Shard } from "./shard.ts";
import type { Gate } from "./sides/gate.ts";
import { placeOf, userError } from "./user-errors.ts";

/** What a run needs beside the shard. */
export interface RunContext {
  readonly program: Program;
  readonly chain: Chain;
  /** The splittable read that begins the stage. */
  readonly source: AnySplittable | undefined;
  readonly clock: Clock;
  readonly options: EngineOptions;
}

/** Elements set aside before this run, because adding them failed: indexes by slot. */
export type Excluded = ReadonlyMap<string, ReadonlySet<number>>;

/** A message of the shard to a shard of its own stage. */
export interface SelfMessage {
  readonly shard: number;
  readonly minTime: Timestamp;
  readonly body: EnvelopeBody;
}

/** What a run gave. */
export interface RunResult {
  readonly outputs: BundleOutputs;
  readonly self: readonly SelfMessage[];
  readonly dead: readonly Omit<DeadLetter, "pipeline" | "stage" | "shard" | "atMs">[];
}

/** An element on its way into the chain. */
export interface Item {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
}

/** What messages and reads gave, before the chain takes it. */
export interface Gathered {
  readonly items: Item[];
  readonly self: SelfMessage[];
  readonly dead: Omit<DeadLetter, "pipeline" | "stage" | "shard" | "atMs">[];
  /** Positions that reads claimed, and where the last one was, for people. */
  claims: number;
  place: (() => object) | undefined;
}

/**
 * Runs messages that the shard has not yet taken.
 *
 * @throws PoisonElement if the user's code can't add an element
 */
export async function runMessages(
  shard: Shard,
  envelopes: readonly Envelope[],
  excluded: Excluded,
  context: RunContext,
): Promise<RunResult> {
  const gathered: Gathered = { items: [], self: [], dead: [], claims: 0, place: undefined };
  const time = timeOf(envelopes, context.clock);
  for (const envelope of envelopes) {
    shard.metrics.bundlesIn++;
    await take(shard, envelope, excluded, { ...context, ...time }, gathered);
  }
  const { reads } = shard;
  if (reads !== undefined) await runReads(shard, reads, time.nowMs, context, gathered);
  if (shard.grouping !== undefined) fire(shard, { ...context, ...time }, gathered);
  if (shard.gate !== undefined) release(shard, shard.gate, { ...context, ...time }, gathered);
  const { items, self, dead } = gathered;
  if (items.length === 0) return { outputs: NO_OUTPUTS, self, dead };
  const { chain, clock, options } = context;
  const feed = (item: Item): void =>
    chain.receive(item.value, item.timestamp, item.window, item.pane);
  chain.sides = shard.gate?.views;
  const result = await guardedRun(chain, items, feed, clock, options);
  for (const { item, error, attempts } of result.dead) {
    dead.push({ error, attempts, element: item.value, timestamp: item.timestamp });
  }
  if ((items.length === 1 || gathered.claims === 1) && bytesOf(result.outputs) > COMMIT_BYTES_MAX) {
    // What one element gives can't be made smaller: set it aside, or the shard would stand still.
    const error = outputTooBig(context.program, bytesOf(result.outputs));
    const [only] = items.length === 1 ? items : [];
    const element = only === undefined ? gathered.place?.() : only.value;
    dead.push({ error, attempts: 1, element, ...(only && { timestamp: only.timestamp }) });
    return { outputs: NO_OUTPUTS, self, dead };
  }
  shard.metrics.elementsOut += result.outputs.elements;
  return { outputs: result.outputs, self, dead };
}

async function take(
  shard: Shard,
  envelope: Envelope,
  excluded: Excluded,
  context: RunContext & RunTime,
  into: Gathered,
): Promise<void> {
  const { body } = envelope;
  if (body.kind === "advance") advance(shard, body, context.program);
  else if (body.kind === "elements")
    takeElements(shard, envelope, body.windows, excluded, context, into);
  else if (body.kind === "split") shard.reads?.add(body.read);
  else await startReads(context.nowMs, context, into);
}

/** About how many bytes outputs take in a commit. */
function bytesOf({ bundles, documents, messages, files }: BundleOutputs): number {
  let bytes = 0;
  for (const { windowsText } of bundles) bytes += Buffer.byteLength(windowsText);
  for (const { fields } of documents) bytes += documentBytes(fields);
  for (const { data } of messages) bytes += Math.ceil(data.length / 3) * 4;
  for (const { lines } of files) for (const line of lines) bytes += Buffer.byteLength(line);
  return bytes;
}

function outputTooBig({ root }: Program, bytes: number): MeshError {
  return new MeshError(
    "ERR_ELEMENT_TOO_BIG",
    `${placeOf(root)}: what one element gives takes ${bytes} bytes; one commit holds ` +
      `${COMMIT_BYTES_MAX}. Emit less for each element, or reshuffle() in between.`,
  );
}

/** Processing time during a run: what the tracker has may be ahead of this instance's clock. */
type RunTime = Omit<Moment, "watermarks">;

function timeOf(envelopes: readonly Envelope[], clock: Clock): RunTime {
  let nowMs = clock.nowMs();
  let synchronizedMs = Number.NEGATIVE_INFINITY;
  for (const { body } of envelopes) {
    if (body.kind !== "advance") continue;
    nowMs = Math.max(nowMs, body.nowMs ?? nowMs);
    synchronizedMs = Math.max(synchronizedMs, body.synchronizedMs ?? synchronizedMs);
  }
  return { nowMs, synchronizedMs };
}

/** Takes over stored watermarks; older ones than the shard knows change nothing. */
function advance(
  shard: Shard,
  { watermarks: stored, drains }: Extract<EnvelopeBody, { kind: "advance" }>,
  { plan }: Program,
): void {
  if (drains === true && shard.reads !== undefined) shard.reads.isDraining = true;
  const own = stored[shard.ref.stage];
  if (own !== undefined) {
    const [input, output] = shard.watermarks;
    shard.watermarks = [later(input, own[0]), later(output, own[1])];
  }
  for (const name of shard.gate?.names ?? []) {
    const side = stored[sideKey(shard.ref.stage, name)];
    if (side !== undefined) shard.gate?.views.advance(name, side[0]);
  }
  // What goes to a side input is passed when that input's own watermark has passed it.
  const sides = new Map<string, string>();
  for (const { from, to, side } of plan.edges) {
    if (from === shard.ref.stage && side !== undefined) sides.set(to, sideKey(to, side));
  }
  dropPassedRanges(shard.sent, (stage) => stored[sides.get(stage) ?? stage]?.[0]);
}

function takeElements(
  shard: Shard,
  { producer, sequence }: Envelope,
  windows: readonly WindowColumns[],
  excluded: Excluded,
  context: RunContext & RunTime,
  into: Gathered,
): void {
  const { nowMs, synchronizedMs } = context;
  const moment = { watermarks: shard.watermarks, nowMs, synchronizedMs };
  for (const [i, columns] of windows.entries()) {
    if (columns.side !== undefined) {
      takeSide(shard, columns, into);
      continue;
    }
    const { ids, values } = columns;
    const slot = `${producer} ${sequence} ${i}`;
    const without = excluded.get(slot);
    let taken = 0;
    const keeps = (index: number): boolean => {
      if (without?.has(index) === true) return false;
      const id = ids?.[index];
      if (id !== undefined && !shard.dedup.add(id)) {
        shard.metrics.duplicates++;
        return false;
      }
      taken++;
      return true;
    };
    if (context.program.root.kind === "readEach") {
      takeToRead(columns, values, keeps, shard.reads);
    } else if (shard.grouping !== undefined) {
      shard.metrics.droppedLate += shard.grouping.add(columns, slot, keeps, moment);
    } else if (shard.gate !== undefined) {
      shard.metrics.droppedLate += shard.gate.take(columns, keeps, shard.watermarks[0]);
    } else {
      takeReshuffled(columns, values, keeps, context, into);
    }
    shard.metrics.elementsIn += taken;
  }
}

/** What can't be kept of a side input is set aside by one of the shards that all got it. */
function takeSide(shard: Shard, columns: WindowColumns, into: Gathered): void {
  try {
    shard.gate?.views.take(columns);
  } catch (error) {
    if (!isMeshError(error) || error.disposition !== "dead-letter") throw error;
    if (shard.ref.shard !== 0) return;
    const { side, window, values: elements } = columns;
    into.dead.push({ error, attempts: 1, element: { side, window, elements } });
  }
}

/** Lets elements go on whose side inputs are ready; what the bound leaves goes with the next message. */
function release(shard: Shard, gate: Gate, context: RunContext & RunTime, into: Gathered): void {
  const { root } = context.program;
  if (root.kind !== "awaitSideInputs") return;
  const { chunks, isDone } = gate.release(shard.watermarks[0], context.options.chunkElementsMax);
  for (const { window, values, times, pane } of chunks) {
    const paneInfo = decodePane(pane);
    for (const [i, value] of values.entries()) {
      const timestamp = times[i] ?? maxTimestamp(window);
      into.items.push({ value: root.valueCoder.decode(value), timestamp, window, pane: paneInfo });
    }
  }
  if (!isDone) into.self.push(goOn(shard, context));
}

/** A message to the shard itself, about nothing but what it has left to do. */
function goOn({ ref, watermarks: own }: Shard, { nowMs, synchronizedMs }: RunTime): SelfMessage {
  const known = Number.isFinite(synchronizedMs) ? { nowMs, synchronizedMs } : { nowMs };
  const body = { kind: "advance", watermarks: { [ref.stage]: own }, ...known } as const;
  return { shard: ref.shard, minTime: MAX_TIMESTAMP, body };
}

function takeReshuffled(
  columns: WindowColumns,
  values: WindowColumns["values"],
  keeps: (index: number) => boolean,
  context: RunContext,
  into: Gathered,
): void {
  const { root } = context.program;
  if (root.kind !== "reshuffle") {
    throw new MeshError("ERR_INVARIANT", `Stage ${context.program.stage.id} takes no elements.`);
  }
  const window = parseWindowKey(columns.window);
  const pane = decodePane(columns.pane);
  for (let i = 0; i < values.length; i++) {
    if (!keeps(i)) continue;
    into.items.push({
      value: root.valueCoder.decode(values[i] ?? null),
      timestamp: columns.times?.[i] ?? maxTimestamp(window),
      window,
      pane,
    });
  }
}

/** Elements that are to be read: each waits in the shard until it is its turn. */
function takeToRead(
  { window, times, pane }: WindowColumns,
  values: WindowColumns["values"],
  keeps: (index: number) => boolean,
  reads: Shard["reads"],
): void {
  const end = maxTimestamp(parseWindowKey(window));
  for (let i = 0; i < values.length; i++) {
    if (!keeps(i)) continue;
    const timestamp = times?.[i] ?? end;
    const element = { value: values[i] ?? null, timestamp, window, ...(pane && { pane }) };
    reads?.add({ watermark: timestamp, element });
  }
}

/** Fires what is due; what the bound leaves is left to a message to itself. */
function fire(shard: Shard, context: RunContext & RunTime, into: Gathered): void {
  const { watermarks } = shard;
  const { nowMs, synchronizedMs } = context;
  const moment = { watermarks, nowMs, synchronizedMs };
  const fired = shard.grouping?.fire(moment, context.options.firingsMax);
  if (fired === undefined) return;
  shard.metrics.droppedClosed += fired.droppedClosed;
  into.items.push(...fired.firings);
  for (const { key, window, error } of fired.failed) {
    into.dead.push({
      error: userError(context.program.root, error),
      attempts: 1,
      element: { key, window },
      timestamp: maxTimestamp(window),
    });
  }
  if (!fired.isDone) into.self.push(goOn(shard, context));
}
