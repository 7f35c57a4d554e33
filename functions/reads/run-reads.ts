/**
 * Run reads: what a shard has to read → elements, and what is still to be read.
 *
 * Owns: beginning a read, cutting it short in a drain, and which reads an activation goes on with.
 * Does not own: one call of `process` (read-call.ts), what waits (reads.ts).
 * Place on the data's way: first in a read stage, before the fused transforms.
 *
 * A7. An activation reads within its budget; what is left goes on by a message to itself, or at its
 *     time by one from the tracker.
 * RR1. A read that the author's code can't go on with becomes a dead letter: none is lost in silence.
 */
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import type { AnySplittable } from "../../sdk/io/splittable/splittable.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../../sdk/model/time.ts";
import type { Gathered } from "../gathered.ts";
import type { RunContext } from "../run-bundle.ts";
import type { Shard } from "../shard.ts";
import { attempted } from "./attempts.ts";
import { type Read, withRestriction } from "./read.ts";
import { ReadBudget } from "./read-budget.ts";
import { type CallInput, ReadCall } from "./read-call.ts";
import type { Reads } from "./reads.ts";

/** What a run of reads works with. */
type Running = Omit<CallInput, "read"> & { readonly shard: Shard; readonly reads: Reads };

/** Begins a source: cuts it into parts, and sends one to each shard in turn. */
export async function startReads(
  nowMs: number,
  context: RunContext,
  into: Gathered,
): Promise<void> {
  const read: Read = { watermark: MIN_TIMESTAMP };
  const parts = await partsOf(read, { fn: sourceOf(context), context, nowMs, into });
  sendParts(parts, 0, context, into);
}

/** Goes on with the reads of a shard that are due. */
export async function runReads(
  shard: Shard,
  reads: Reads,
  nowMs: number,
  context: RunContext,
  into: Gathered,
): Promise<void> {
  const due = reads.due(nowMs);
  if (due.length === 0) return;
  const fn = sourceOf(context);
  const budget = new ReadBudget(context.options, context.clock, into);
  const running: Running = { shard, reads, fn, budget, context, nowMs, into };
  const [itemsBefore, deadBefore] = [into.items.length, into.dead.length];
  for (const [i, number] of due.entries()) {
    if (i > 0 && budget.isSpent(0)) break;
    const read = reads.take(number);
    if (read !== undefined) await goOn(read, running);
  }
  if (context.program.root.kind === "source") {
    const { items, dead } = into;
    shard.metrics.elementsIn += items.length - itemsBefore + dead.length - deadBefore;
  }
  if (reads.hasDue() && !isMessageOnItsWay(shard, into)) {
    const body = { kind: "advance", watermarks: {} } as const;
    into.self.push({ shard: shard.ref.shard, minTime: MAX_TIMESTAMP, body });
  }
}

async function goOn(taken: Read, running: Running): Promise<void> {
  const { reads, shard, budget, context, into } = running;
  const [first, ...others] = await partsOf(taken, running);
  sendParts(others, shard.ref.shard + 1, context, into);
  const read = first === undefined ? undefined : await cutShort(first, running);
  if (read === undefined) return;
  let call = new ReadCall({ ...running, read });
  const result = await attempted(context, () => {
    // What a failed call may still give must not come into the next one.
    call.takeBack();
    call = new ReadCall({ ...running, read });
    return call.run();
  });
  const rest = "value" in result ? result.value : call.giveUp(result.error, result.attempts);
  budget.spend(call.claims);
  into.claims += call.claims;
  into.place = () => call.place();
  if (rest !== undefined) reads.add(rest.read, rest.dueMs);
}

/** A read that has begun as it is; one that has not, in parts. */
async function partsOf(
  read: Read,
  { fn, context, nowMs, into }: Pick<Running, "fn" | "context" | "nowMs" | "into">,
): Promise<Read[]> {
  if (read.restriction !== undefined) return [read];
  const element = elementOf(read);
  const result = await attempted(context, async () => {
    const whole = await fn.initialRestriction(element, { nowMs });
    const parts = (await fn.split?.(whole, context.program.stage.shards, element)) ?? [whole];
    return parts.map((part) => withRestriction(read, part));
  });
  if ("value" in result) return result.value;
  into.dead.push({
    ...result,
    element: { read: fn.name, ...(element !== undefined && { element }) },
  });
  return [];
}

/** What a drain leaves of a read; undefined: nothing. */
async function cutShort(
  read: Read,
  { fn, reads, context, into }: Running,
): Promise<Read | undefined> {
  if (!reads.isDraining || read.isTruncated === true) return read;
  const restriction = anyCoder.decode(read.restriction ?? null);
  const result = await attempted(context, () => {
    if (fn.truncate === undefined) return fn.bounded ? { ...read, isTruncated: true } : undefined;
    const kept = fn.truncate(restriction, elementOf(read));
    return kept === undefined ? undefined : { ...withRestriction(read, kept), isTruncated: true };
  });
  if ("value" in result) return result.value;
  into.dead.push({ ...result, element: { read: fn.name, restriction } });
  return undefined;
}

/** Sends one part to each shard in turn. */
function sendParts(
  parts: readonly Read[],
  firstShard: number,
  { program }: RunContext,
  { self }: Gathered,
): void {
  for (const [i, read] of parts.entries()) {
    const shard = (firstShard + i) % program.stage.shards;
    self.push({ shard, minTime: read.watermark, body: { kind: "split", read } });
  }
}

/** Whether a message of the shard to itself will come: it goes on with what is due. */
function isMessageOnItsWay({ ref, sent, received }: Shard, { self }: Gathered): boolean {
  const own = `${ref.stage}/${ref.shard}`;
  const isSent = (sent[own]?.next ?? 0) > received.count(own);
  return isSent || self.some(({ shard }) => shard === ref.shard);
}

function elementOf({ element }: Read): unknown {
  return element === undefined ? undefined : anyCoder.decode(element.value);
}

function sourceOf({ source, program }: RunContext): AnySplittable {
  if (source !== undefined) return source;
  throw new MeshError("ERR_INVARIANT", `Stage ${program.stage.id} has no source to read.`);
}
