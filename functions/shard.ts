/**
 * Shard: an open shard in the memory of an instance.
 *
 * Owns: reading a shard from its head and parts, and the text of its next head. Does not own: what
 * an activation does to it (activation.ts).
 * Place on the data's way: opened before a bundle runs, kept for the next one if the commit held.
 *
 * Z1. An open shard is equal to what its head says; after a failed step it is opened anew.
 * Z2. `unflushed` is defined until the outbox of the newest head is known to be sent (A3).
 */
import { MeshError } from "../sdk/model/errors.ts";
import type { GraphNode } from "../sdk/model/graph.ts";
import { MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { recordBytes } from "./dead-letters/record.ts";
import { Dedup } from "./dedup.ts";
import { Grouping, type Watermarks } from "./grouping.ts";
import {
  encodeBody,
  newMetrics,
  newProgress,
  type ShardMetrics,
  type ShardProgress,
} from "./head.ts";
import type { Keeper } from "./keeper.ts";
import { HotKeys } from "./metrics/hot-keys.ts";
import { costOfCommit, type Operations } from "./metrics/operations.ts";
import type { UserMetrics } from "./metrics/values.ts";
import { mergeWork, type WorkJson, withOperations } from "./metrics/work.ts";
import type { EngineOptions } from "./options.ts";
import { type OutboxEntry, splitOutbox } from "./outbox.ts";
import type { DeadLetterRecord, HeadCommit, ShardRef, SinkDocument, Store } from "./ports.ts";
import type { Program } from "./program.ts";
import { Reads } from "./reads/reads.ts";
import { Received } from "./received.ts";
import type { SentJson } from "./sent.ts";
import { Gate } from "./sides/gate.ts";
import { gatedKeeper } from "./sides/gated-keeper.ts";
import { ShardState } from "./state.ts";
import { StatefulShard } from "./stateful/stateful-shard.ts";
import { readShard } from "./stored-shard.ts";

/** An open shard. */
export interface Shard {
  readonly ref: ShardRef;
  /** Hash of the plan that it belongs to. */
  readonly plan: string;
  /** Of its head: which run of the job its state belongs to. */
  readonly generation: number;
  /** Of its newest head: defined while its state may be on its way to another plan. */
  seal: string | undefined;
  /** Whether it must be told when the job goes on; a read does nothing until then. */
  isStill: boolean;
  /** Version of the newest head; undefined if the shard was never committed. */
  version: number | undefined;
  readonly received: Received;
  readonly sent: SentJson;
  watermarks: Watermarks;
  readonly metrics: ShardMetrics;
  /** What user code counted, as the next head has it. */
  userMetrics: UserMetrics | undefined;
  /** What the engine counts besides, as the newest head has it. */
  work: WorkJson | undefined;
  readonly hotKeys: HotKeys;
  /** Documents that were read to open the shard. */
  readonly documentsRead: number;
  readonly state: ShardState;
  readonly dedup: Dedup;
  /** Undefined for stages whose root does not group. */
  readonly grouping: Grouping | undefined;
  /** Undefined for stages whose root does not read. */
  readonly reads: Reads | undefined;
  /** Undefined for stages that read no side inputs. */
  readonly gate: Gate | undefined;
  /** Undefined for stages whose root is no stateful DoFn. */
  readonly stateful: StatefulShard | undefined;
  /** What the root keeps on the shard; undefined for stages that keep nothing. */
  readonly keeper: Keeper | undefined;
  readonly filesWritten: Record<string, number>;
  /** Parts that hold the outbox of the newest head; the next commit deletes them. */
  outboxParts: readonly string[];
  unflushed: readonly OutboxEntry[] | undefined;
  /** Whether the newest head has something for a sink in its outbox. */
  isUnproven: boolean;
  readonly deadLetterTopic: string;
}

/**
 * Opens a shard from the store.
 *
 * @throws ERR_PLAN_MISMATCH if its state belongs to another plan
 */
export async function openShard(
  ref: ShardRef,
  program: Program,
  store: Store,
  options: EngineOptions,
): Promise<Shard> {
  const stored = await readShard(ref, store, options.memtableBytesMax);
  if (stored !== undefined) requirePlan(ref, stored.body.plan, program.plan.hash);
  const progress = stored?.progress ?? newProgress();
  const state = stored?.state ?? new ShardState(options.memtableBytesMax);
  const body = stored?.body;
  const outbox = stored?.outbox ?? [];
  const shard: Shard = {
    ref,
    plan: program.plan.hash,
    generation: body?.generation ?? 0,
    seal: body?.seal,
    isStill: progress.isStill === true,
    version: stored?.version,
    received: Received.fromJson(progress.received),
    sent: progress.sent,
    watermarks: progress.watermarks,
    metrics: { ...newMetrics(), ...progress.metrics },
    userMetrics: progress.userMetrics,
    work: progress.work,
    hotKeys: new HotKeys(progress.hotKeys),
    documentsRead: 1 + (stored?.parts ?? 0),
    state,
    dedup: new Dedup(state, options.dedupRetentionMs),
    ...keepersOf(program.root, state, progress, () => shard.watermarks[0]),
    filesWritten: { ...body?.filesWritten },
    outboxParts: body?.outboxParts ?? [],
    unflushed: outbox.length > 0 ? outbox : undefined,
    isUnproven: isUnproven(outbox, program.plan),
    deadLetterTopic: program.plan.deadLetterTopic,
  };
  return shard;
}

function requirePlan({ stage, shard }: ShardRef, stored: string, own: string): void {
  if (stored === own) return;
  throw new MeshError(
    "ERR_PLAN_MISMATCH",
    `The state of shard ${stage}/${shard} is of plan ${stored}; this function runs plan ${own}.`,
  );
}

type Keepers = Pick<Shard, "grouping" | "reads" | "gate" | "stateful" | "keeper">;

/** What the root of a stage keeps on a shard: one of these, or a gate before a stateful DoFn. */
function keepersOf(
  root: GraphNode,
  state: ShardState,
  progress: ShardProgress,
  inputWatermark: () => Timestamp,
): Keepers {
  const none = { grouping: undefined, reads: undefined, gate: undefined, stateful: undefined };
  switch (root.kind) {
    case "groupByKey":
    case "combinePerKey": {
      const grouping = new Grouping(root, state);
      return { ...none, grouping, keeper: grouping };
    }
    case "source":
    case "readEach": {
      const reads = new Reads(state, progress.isDraining === true);
      return { ...none, reads, keeper: reads };
    }
    case "awaitSideInputs": {
      const gate = new Gate(root, state, progress.sideWatermarks ?? {}, progress.watermarks);
      return { ...none, gate, keeper: gatedKeeper(gate, undefined, inputWatermark) };
    }
    case "statefulParDo": {
      const stateful = new StatefulShard(root, state, progress.isDraining === true);
      if (root.sideInputs.length === 0) return { ...none, stateful, keeper: stateful };
      const gate = new Gate(root, state, progress.sideWatermarks ?? {}, progress.watermarks);
      return { ...none, gate, stateful, keeper: gatedKeeper(gate, stateful, inputWatermark) };
    }
    default:
      return { ...none, keeper: undefined };
  }
}

/** A commit, and the parts in which it keeps what of the outbox doesn't fit into the head. */
export interface NextCommit {
  readonly commit: HeadCommit;
  readonly outboxParts: readonly string[];
  /** What the shard's work is when it is committed. */
  readonly work: WorkJson;
}

/** What a step changes outside of its shard. */
export interface StepEffects {
  readonly outbox: readonly OutboxEntry[];
  readonly documents: readonly SinkDocument[];
  readonly letters: readonly DeadLetterRecord[];
  /** What was gathered since the commit before, and what flushing the outbox will cost. */
  readonly work: WorkJson;
  readonly flushCost: Partial<Operations>;
}

/** Returns the commit that takes a shard to its next version. */
export function nextCommit(
  shard: Shard,
  { outbox, documents, letters, work: gathered, flushCost }: StepEffects,
  token: string,
  nowMs: number,
): NextCommit {
  const version = (shard.version ?? 0) + 1;
  shard.dedup.settle(nowMs);
  shard.keeper?.settle();
  const changes = shard.state.settle();
  const { inline, parts } = splitOutbox(outbox, version);
  const outboxParts = parts.map((part) => part.id);
  const { segments } = changes;
  const { filesWritten, generation, plan } = shard;
  const ofRun = generation > 0 ? { plan, generation } : { plan };
  const body = { token, ...ofRun, outbox: inline, outboxParts, segments, filesWritten };
  const step = {
    shard: shard.ref,
    previousVersion: shard.version,
    partsToPut: [...changes.partsToPut, ...parts],
    partsToDelete: [...changes.partsToDelete, ...shard.outboxParts],
    sinkDocuments: documents,
    deadLetters: letters,
  };
  const work = withOperations(mergeWork(shard.work, gathered), costOfCommit(step), flushCost);
  const progress = JSON.stringify(progressOf(shard, work, isUnproven(outbox, shard), nowMs));
  const head = { version, progress, body: encodeBody(body, changes.memtable) };
  return { commit: { ...step, head }, outboxParts, work };
}

/** Returns about how many bytes a commit takes on the wire. */
export function bytesOf(commit: HeadCommit): number {
  let bytes = Buffer.byteLength(commit.head.progress) + Buffer.byteLength(commit.head.body);
  for (const part of commit.partsToPut) bytes += Buffer.byteLength(part.text);
  for (const { fields } of commit.sinkDocuments) bytes += documentBytes(fields);
  for (const letter of commit.deadLetters ?? []) bytes += recordBytes(letter);
  return bytes;
}

/** About how many bytes a sink's document takes: each value has a name and a type around it. */
export function documentBytes(fields: Readonly<Record<string, unknown>>): number {
  return 200 + 2 * Buffer.byteLength(JSON.stringify(fields));
}

/** Whether an outbox has something for a sink, of which no receiver's head will tell. */
export function isUnproven(
  outbox: readonly OutboxEntry[],
  { deadLetterTopic }: Pick<Shard, "deadLetterTopic">,
): boolean {
  return outbox.some(
    (entry) =>
      entry.kind === "file" || (entry.kind === "message" && entry.topic !== deadLetterTopic),
  );
}

function progressOf(
  shard: Shard,
  work: WorkJson,
  isUnproven: boolean,
  nowMs: number,
): ShardProgress {
  const hotKeys = shard.hotKeys.toJson();
  return {
    received: shard.received.toJson(),
    sent: shard.sent,
    hold: shard.keeper?.hold() ?? MAX_TIMESTAMP,
    nextTimer: shard.keeper?.nextTimer() ?? MAX_TIMESTAMP,
    nextProcessingMs: shard.keeper?.nextProcessingMs() ?? MAX_TIMESTAMP,
    nextSynchronizedMs: shard.keeper?.nextSynchronizedMs() ?? MAX_TIMESTAMP,
    watermarks: shard.watermarks,
    ...(shard.gate !== undefined && {
      sideWatermarks: shard.gate.views.watermarks(),
      sideTimers: shard.gate.sideTimers(),
    }),
    metrics: shard.metrics,
    ...(shard.userMetrics !== undefined && { userMetrics: shard.userMetrics }),
    work,
    ...(hotKeys.length > 1 && { hotKeys }),
    ...((shard.reads ?? shard.stateful)?.isDraining === true && { isDraining: true }),
    ...(isUnproven && { isUnproven }),
    ...(shard.isStill && { isStill: true }),
    committedAtMs: nowMs,
  };
}
