/**
 * Replace state: a snapshot's state → all shards and the job of a new generation.
 *
 * Owns: the order of writes. Does not own: where entries go (move-state.ts), which stage goes on as
 * which (sdk/compile/compatibility.ts), stopping and going on.
 *
 * RP1. Everything is taken from the snapshot and nothing from what is stored: interrupted at any write,
 *      the same again ends right.
 * RP2. Every shard of the plan gets a head, and none of an earlier plan can be begun again: who knows a
 *      shard from before loses, whatever it knows.
 */
import type { PlanComparison, StageComparison } from "../../sdk/compile/compatibility.ts";
import type { MeshPlan, StagePlan } from "../../sdk/compile/plan.ts";
import type { Job, StageWatermarks, SupersededPlan } from "../job.ts";
import { startRegisters } from "../launch.ts";
import { flushOutbox } from "../outbox.ts";
import type { ShardRef } from "../ports.ts";
import { decodeRegister, type Register, registerId } from "../register.ts";
import type { SourceState } from "../source-watermark.ts";
import type { JobControl } from "./job-control.ts";
import { emptyCopy, moveStage } from "./move-state.ts";
import { type ShardCopy, type ShardWrite, writeOf } from "./shard-copy.ts";
import type { SnapshotContent } from "./snapshot-text.ts";

/** What is replaced by what. */
export interface Replacement {
  readonly content: SnapshotContent;
  /** From the content's plan to the new one. */
  readonly comparison: PlanComparison;
  /** The plan that the job goes on with. */
  readonly plan: MeshPlan;
  readonly generation: number;
}

const WRITES_AT_ONCE = 8;

/** Writes all shards anew (RP1). The job stands still. */
export async function replaceShards(control: JobControl, replacement: Replacement): Promise<void> {
  const { deployment, world } = control;
  const { content, comparison, plan, generation } = replacement;
  await flushRemoved(control, content, comparison);
  await world.store.deleteState([...shardsOf(deployment.plan), ...shardsOf(plan)]);
  for (const stage of plan.stages) {
    const copies = copiesFor(stage, content, comparison);
    const writes = copies.map((copy, shard) =>
      writeOf({ stage: stage.id, shard }, copy, { plan: plan.hash, generation }),
    );
    for (let from = 0; from < writes.length; from += WRITES_AT_ONCE) {
      const some = writes.slice(from, from + WRITES_AT_ONCE);
      const put = ({ shard, head, parts }: ShardWrite): Promise<void> =>
        world.store.putShard(shard, head, parts);
      await Promise.all(some.map(put));
    }
  }
}

/** What a job's document takes over from another generation. */
export type MovedJob = Pick<Job, "watermarks" | "sources" | "ingest" | "advanced">;

/** Returns what the job of a snapshot knows of its stages, as stages of the new plan. */
export function movedJob({ content, comparison }: Replacement): MovedJob {
  const { watermarks, sources, ingest } = content.job;
  const moved: Record<string, StageWatermarks[string]> = {};
  const movedSources: Record<string, SourceState> = {};
  const movedIngest: Record<string, Job["ingest"][string]> = {};
  for (const { old, new: next } of continuing(comparison)) {
    for (const [key, pair] of Object.entries(watermarks)) {
      // By stage, and by `stage<side`.
      if (key === old.id || key.startsWith(`${old.id}<`)) {
        moved[`${next.id}${key.slice(old.id.length)}`] = pair;
      }
    }
    const source = sources[old.id];
    if (source !== undefined) movedSources[next.id] = samePolicy(source, old, next);
    const counted = ingest[old.id];
    if (counted !== undefined) movedIngest[next.id] = counted;
  }
  return { watermarks: moved, sources: movedSources, ingest: movedIngest, advanced: {} };
}

/** Slices are numbered by the length that the policy gives them. */
function samePolicy(source: SourceState, old: StagePlan, next: StagePlan): SourceState {
  const isSame = JSON.stringify(old.ingest?.watermark) === JSON.stringify(next.ingest?.watermark);
  return isSame ? source : { ...source, slices: [] };
}

/**
 * Returns the registers of a new generation: those of what may come again, which nobody can confirm any
 * more, and those of reads that begin.
 */
export function movedRegisters(
  { content, comparison, plan, generation }: Replacement,
  nowMs: number,
): Register[] {
  const pairs = continuing(comparison);
  const stageOf = new Map(pairs.map(({ old, new: next }) => [old.id, next.id]));
  const again = content.registers.map(({ text }): Register => {
    const { plan: _, ...register } = decodeRegister(text);
    return {
      ...register,
      stage: stageOf.get(register.stage) ?? register.stage,
      producer: `${register.producer}~${generation}`,
      confirmed: -1,
      sends: register.sends.flatMap(([stage, shard, sequence, minTime]) => {
        const own = stageOf.get(stage);
        return own === undefined ? [] : [[own, shard, sequence, minTime] as const];
      }),
    };
  });
  const known = new Set(pairs.map(({ new: next }) => next.id));
  const begins = plan.stages.filter(({ id, kind }) => kind === "read" && !known.has(id));
  return [...again, ...startRegisters(begins, nowMs)];
}

/** Commits a job's next version with registers. */
export async function commitJob(
  { world }: JobControl,
  change: (job: Job) => Job,
  registers: readonly Register[],
): Promise<void> {
  const record = await world.store.readJob();
  if (record === undefined) return;
  const job = change(JSON.parse(record.text) as Job);
  await world.store.commitJob({
    previousVersion: record.version,
    job: { version: record.version + 1, text: JSON.stringify(job) },
    registersToPut: registers.map((r) => ({ id: registerId(r), text: JSON.stringify(r) })),
    registersToDelete: [],
  });
}

/** Returns where the stages of all earlier plans, and of the one that is left now, have gone. */
export function supersededBy(
  { plan, superseded = {} }: Job,
  comparison: PlanComparison,
  next: MeshPlan,
): Record<string, SupersededPlan> {
  const pairs = continuing(comparison);
  const now: SupersededPlan = Object.fromEntries(
    pairs.map(({ old, new: to }) => [old.id, { stage: to.id, shards: old.shards }]),
  );
  const earlier = Object.entries(superseded).map(([hash, stages]) => {
    const still = Object.entries(stages).flatMap(([id, { stage, shards }]) => {
      const to = now[stage];
      return to === undefined ? [] : [[id, { stage: to.stage, shards }] as const];
    });
    return [hash, Object.fromEntries(still)] as const;
  });
  const all = Object.fromEntries([...earlier, [plan, now]]);
  // A plan that comes back is no earlier one any more: its generations tell its messages apart.
  delete all[next.hash];
  return all;
}

/** Returns all shards of a plan. */
export function shardsOf({ stages }: MeshPlan): ShardRef[] {
  return stages.flatMap(({ id, shards }) =>
    Array.from({ length: shards }, (_, shard) => ({ stage: id, shard })),
  );
}

type Continuing = StageComparison & { readonly old: StagePlan; readonly new: StagePlan };

function continuing({ stages }: PlanComparison): Continuing[] {
  return stages.filter((each): each is Continuing => {
    return each.old !== undefined && each.new !== undefined;
  });
}

function copiesFor(
  stage: StagePlan,
  { shards }: SnapshotContent,
  comparison: PlanComparison,
): ShardCopy[] {
  const pair = continuing(comparison).find(({ new: next }) => next.id === stage.id);
  if (pair === undefined) return Array.from({ length: stage.shards }, emptyCopy);
  return moveStage(copiesOf(pair.old, shards), pair.old, stage);
}

function copiesOf(
  { id, shards: count }: StagePlan,
  shards: SnapshotContent["shards"],
): Map<number, ShardCopy> {
  const copies = new Map<number, ShardCopy>();
  for (let shard = 0; shard < count; shard++) {
    const copy = shards.get(`${id}/${shard}`);
    if (copy !== undefined) copies.set(shard, copy);
  }
  return copies;
}

/** What sinks of a stage that is given up may still have to get: nobody else will send it. */
async function flushRemoved(
  { world }: JobControl,
  { shards }: SnapshotContent,
  { stages }: PlanComparison,
): Promise<void> {
  for (const { old, new: next } of stages) {
    if (old === undefined || next !== undefined) continue;
    for (const { outbox } of copiesOf(old, shards).values()) {
      await flushOutbox(outbox, world.mailboxes, world.files);
    }
  }
}
