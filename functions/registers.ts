/**
 * Registers: which of the open registers still protect something, and which leave.
 *
 * Owns: the rules over many registers, those of instances of an earlier plan included. Does not own:
 * one register (register.ts), or the commit in which they leave (tracker.ts).
 *
 * RG1. A register of an earlier plan protects what it planned until its messages must have come again;
 *      it is never taken for confirmed, for what its shards have received is not known any more.
 */
import { decodeProgress, type ShardProgress } from "./head.ts";
import type { Job } from "./job.ts";
import { storedMetrics } from "./metrics/values.ts";
import { mergeWork } from "./metrics/work.ts";
import type { MeshSnapshot } from "./ports.ts";
import { decodeRegister, type IngestMetrics, type Register } from "./register.ts";
import { hasArrived } from "./watermark.ts";

/** An older register loses what has arrived of it: well before shards forget its producer, in ms. */
const SHORTEN_AFTER_MS = 15 * 60_000;

/** A register as the job's own plan would have it. */
export interface OwnRegister extends Register {
  /** Defined: it is of an instance of this earlier plan. */
  readonly foreign?: string;
}

/** Returns the open registers, those of earlier plans by the stages of today (RG1). */
export function openRegisters(snapshot: MeshSnapshot, job: Job): OwnRegister[] {
  return snapshot.registers.map(({ text }) => ownRegister(decodeRegister(text), job));
}

function ownRegister(register: Register, job: Job): OwnRegister {
  const { plan = job.plan, stage, sends } = register;
  if (plan === job.plan) return register;
  const to = job.superseded?.[plan] ?? {};
  return {
    ...register,
    foreign: plan,
    confirmed: -1,
    stage: to[stage]?.stage ?? stage,
    sends: sends.flatMap(([target, shard, sequence, minTime]) => {
      const own = to[target];
      return own === undefined ? [] : [[own.stage, shard, sequence, minTime] as const];
    }),
  };
}

function isForeign({ foreign }: OwnRegister): boolean {
  return foreign !== undefined;
}

/** Returns the heads' progress by `stage/shard`. */
export function decodeHeads(snapshot: MeshSnapshot): Map<string, ShardProgress> {
  return new Map(
    snapshot.heads.map(({ shard, progress }) => [
      `${shard.stage}/${shard.shard}`,
      decodeProgress(progress),
    ]),
  );
}

/** Returns the registers that leave, by Y2 of tracker.ts. */
export function removable(
  registers: readonly OwnRegister[],
  heads: ReadonlyMap<string, ShardProgress>,
  sinceMs: number,
): Register[] {
  const known = new Set(confirmed(registers, registers));
  const staying = new Set<string>();
  const oldestFirst = registers.toSorted((a, b) => a.index - b.index);
  return oldestFirst.filter((register) => {
    const { producer, atMs } = register;
    const isSettled = known.has(register) ? hasArrived({ heads }, register) : atMs < sinceMs;
    const leaves = !staying.has(producer) && isSettled;
    if (!leaves) staying.add(producer);
    return leaves;
  });
}

/** Returns since when a register's messages must have come again: not while the job stood still. */
export function sinceOf({ resumedAtMs = 0 }: Pick<Job, "resumedAtMs">, sinceMs: number): number {
  return resumedAtMs > sinceMs ? Number.NEGATIVE_INFINITY : sinceMs;
}

/** Returns those of `registers` of which any register of `all` says that they are published. */
export function confirmed(registers: readonly OwnRegister[], all: readonly Register[]): Register[] {
  const upTo = new Map<string, number>();
  for (const { producer, confirmed: index } of all) {
    upTo.set(producer, Math.max(index, upTo.get(producer) ?? -1));
  }
  return registers.filter(({ producer, index }) => index <= (upTo.get(producer) ?? -1));
}

/** Returns old registers of which a part has arrived, without that part: its shard will forget it. */
export function shortened(
  registers: readonly OwnRegister[],
  heads: ReadonlyMap<string, ShardProgress>,
  nowMs: number,
): Register[] {
  return registers.flatMap((register) => {
    if (register.atMs > nowMs - SHORTEN_AFTER_MS || isForeign(register)) return [];
    const sends = register.sends.filter(
      (send) => !hasArrived({ heads }, { ...register, sends: [send] }),
    );
    return sends.length < register.sends.length ? [{ ...register, sends }] : [];
  });
}

/** Returns what ingest stages count. Counts of registers are added in the commit that removes them, so once; dropped ones come again. */
export function addMetrics(job: Job, left: readonly Register[]): Record<string, IngestMetrics> {
  const ingest: Record<string, IngestMetrics> = { ...job.ingest };
  for (const { stage, metrics } of left) {
    const before = ingest[stage] ?? { messages: 0, elementsOut: 0, deadLetters: 0 };
    const user = storedMetrics(before.user, metrics.user);
    ingest[stage] = {
      messages: before.messages + metrics.messages,
      elementsOut: before.elementsOut + metrics.elementsOut,
      deadLetters: before.deadLetters + metrics.deadLetters,
      ...(user !== undefined && { user }),
      work: mergeWork(before.work, metrics.work),
    };
  }
  return ingest;
}
