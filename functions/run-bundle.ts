/**
 * Run: messages of one shard → state changes and outputs, all in memory.
 *
 * Owns: what each kind of message does to an open shard, and the order of what follows. Does not own:
 * where elements go (take-elements.ts), the commit (activation.ts).
 * Place on the data's way: step 3 of an activation.
 *
 * A4. What comes out depends on the shard, the messages and the user's code alone.
 * A7. A run is bounded: panes and chunk by the options; what is left is a message to itself.
 */
import type { AnySplittable } from "../sdk/io/splittable/splittable.ts";
import type { GraphNode } from "../sdk/model/graph.ts";
import { later, MAX_TIMESTAMP } from "../sdk/model/time.ts";
import { maxTimestamp, windowKey } from "../sdk/model/window.ts";
import { type BundleOutputs, NO_OUTPUTS } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import { itemPayload } from "./dead-letters/payload.ts";
import type { Letters, TakenLetter } from "./dead-letters/taking.ts";
import type { AdvanceBody, Envelope } from "./envelope.ts";
import type { Gathered, Item, SelfMessage } from "./gathered.ts";
import type { Moment } from "./grouping.ts";
import { ListWork } from "./guarded-run.ts";
import { sideKey } from "./job.ts";
import type { EngineOptions } from "./options.ts";
import type { Clock } from "./ports.ts";
import type { Program } from "./program.ts";
import { runReads, startReads } from "./reads/run-reads.ts";
import { runWork, type ShardDead, type ShardWork, tooBig } from "./run-work.ts";
import { dropPassedRanges } from "./sent.ts";
import type { Shard } from "./shard.ts";
import type { Gate } from "./sides/gate.ts";
import { behindGate } from "./sides/gated-keeper.ts";
import { StatefulWork } from "./stateful/stateful-work.ts";
import { type Excluded, takeElements, takeItems, takeLetters } from "./take-elements.ts";
import { userError } from "./user-errors.ts";

/** What a run needs beside the shard. */
export interface RunContext {
  readonly program: Program;
  readonly chain: Chain;
  /** The splittable read that begins the stage. */
  readonly source: AnySplittable | undefined;
  /** Records of the dead letters that come back. */
  readonly letters: Letters;
  readonly clock: Clock;
  readonly options: EngineOptions;
}

/** Processing time during a run: what the tracker has may be ahead of this instance's clock. */
type RunTime = Omit<Moment, "watermarks">;

type TimedContext = RunContext & RunTime;

/** What a run gave. */
export interface RunResult {
  readonly outputs: BundleOutputs;
  readonly self: readonly SelfMessage[];
  readonly dead: readonly ShardDead[];
  /** Dead letters that came back. */
  readonly taken: readonly TakenLetter[];
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
  const { metrics } = context.chain;
  const root = metrics.step(context.program.root.name);
  const gathered: Gathered = {
    items: [],
    stateful: [],
    self: [],
    dead: [],
    taken: new Map(),
    claims: 0,
    place: undefined,
  };
  const timed: TimedContext = { ...context, ...timeOf(envelopes, context.clock) };
  for (const envelope of envelopes) {
    shard.metrics.bundlesIn++;
    await take(shard, envelope, excluded, timed, gathered);
  }
  const reads = shard.isStill ? undefined : shard.reads;
  if (reads !== undefined) await runReads(shard, reads, timed.nowMs, context, gathered);
  if (shard.grouping !== undefined) root.call(() => fire(shard, timed, gathered));
  if (shard.gate !== undefined) release(shard, shard.gate, timed, gathered);
  metrics.keep();
  const outputs = await run(shard, gathered, timed);
  metrics.keep();
  shard.metrics.elementsOut += outputs.elements;
  const { self, dead, taken } = gathered;
  return { outputs, self, dead, taken: [...taken.values()] };
}

/** Runs what was gathered, and what is due of a stateful DoFn. */
async function run(
  shard: Shard,
  gathered: Gathered,
  context: TimedContext,
): Promise<BundleOutputs> {
  const { chain, options, nowMs, program } = context;
  chain.sides = shard.gate?.views;
  const { items, stateful: elements, self, dead } = gathered;
  if (shard.stateful !== undefined) {
    const { firingsMax } = options;
    const at = { watermarks: behindGate(shard.watermarks, shard.gate), nowMs, firingsMax };
    const work = new StatefulWork(shard.stateful, elements, chain, at);
    const outputs = await runWork(work, context, dead);
    if (!work.isDone) self.push(goOn(shard, context));
    return outputs;
  }
  const outputs = await runWork(new ItemWork(items, chain, program.root), context, dead);
  const error = gathered.claims === 1 ? tooBig(program, outputs) : undefined;
  if (error === undefined) return outputs;
  // What one position of a read gives can't be made smaller either.
  dead.push({ error, attempts: 1, element: gathered.place?.() });
  chain.metrics.discard();
  return NO_OUTPUTS;
}

/** Elements on their way into the chain. */
class ItemWork extends ListWork<Item> implements ShardWork<Item> {
  readonly #root: GraphNode;

  constructor(items: readonly Item[], chain: Chain, root: GraphNode) {
    super(items, ({ value, timestamp, window, pane }) =>
      chain.receive(value, timestamp, window, pane),
    );
    this.#root = root;
  }

  changedBytes(): number {
    return 0;
  }

  describe(item: Item): Omit<ShardDead, "error" | "attempts"> {
    const { value: element, timestamp, window, letter } = item;
    const replay = itemPayload(this.#root, item);
    return { element, timestamp, window: windowKey(window), replay, ...(letter && { letter }) };
  }
}

async function take(
  shard: Shard,
  envelope: Envelope,
  excluded: Excluded,
  context: TimedContext,
  into: Gathered,
): Promise<void> {
  const { body } = envelope;
  const step = context.chain.metrics.step(context.program.root.name);
  if (body.kind === "advance") advance(shard, body, context.program);
  else if (body.kind === "elements")
    step.call(() => takeElements(shard, envelope, body.windows, excluded, context, into));
  else if (body.kind === "replay")
    step.call(() => takeLetters(shard, envelope, body.letters, excluded, context, into));
  else if (body.kind === "split") shard.reads?.add(body.read);
  else await startReads(context.nowMs, context, into);
}

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
  { watermarks: stored, drains, pauses }: AdvanceBody,
  { plan }: Program,
): void {
  shard.isStill = pauses ?? shard.isStill;
  const drained = shard.reads ?? shard.stateful;
  if (drains === true && drained !== undefined) drained.isDraining = true;
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
  // What goes to the own stage holds its output, so that is what must have passed it.
  dropPassedRanges(shard.sent, (stage) =>
    stage === shard.ref.stage ? own?.[1] : stored[sides.get(stage) ?? stage]?.[0],
  );
}

/** Lets elements go on whose side inputs are ready; what the bound leaves goes with the next message. */
function release(shard: Shard, gate: Gate, context: TimedContext, into: Gathered): void {
  const { stateful, watermarks } = shard;
  const [input] = behindGate(watermarks, gate);
  const { released, isDone } = gate.release(watermarks, context.options.chunkElementsMax);
  for (const columns of released) {
    if (stateful === undefined) takeItems(columns, all, context.program, into);
    else stateful.take(columns, all, input, into.stateful);
  }
  if (!isDone) into.self.push(goOn(shard, context));
}

const all = (): boolean => true;

/** A message to the shard itself, about nothing but what it has left to do. */
function goOn({ ref, watermarks: own }: Shard, { nowMs, synchronizedMs }: RunTime): SelfMessage {
  const known = Number.isFinite(synchronizedMs) ? { nowMs, synchronizedMs } : { nowMs };
  const body = { kind: "advance", watermarks: { [ref.stage]: own }, ...known } as const;
  return { shard: ref.shard, minTime: MAX_TIMESTAMP, body };
}

/** Fires what is due; what the bound leaves is left to a message to itself. */
function fire(shard: Shard, context: TimedContext, into: Gathered): void {
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
      window: windowKey(window),
    });
  }
  if (!fired.isDone) into.self.push(goOn(shard, context));
}
