/**
 * Due: which shards have something to do that no message brings, and when that is next. Pure.
 *
 * Owns: the rule who is told of a watermark or of the time. Does not own: telling (tracker.ts).
 *
 * R1. A shard is told again while it has not acted: at most every AGAIN_MS, or at once when it has
 *     committed something else meanwhile and still has something due.
 * R2. Synchronized processing time of a stage is now only if nothing is on its way to it and no
 *     stage before it has anything due by now.
 * R3. Where a test stream says how far event time has come, every shard is told of every watermark,
 *     the ones without a head too: what is late for a test is so late in each shard.
 * R4. At a stage's end a shard whose newest head has something for a sink is told to make another:
 *     a job is not DONE before its sinks have all.
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { newProgress, type ShardProgress } from "./head.ts";
import { type Job, sideKey, watermarksOf } from "./job.ts";
import { isCrowded } from "./sent.ts";

/** What the rule looks at. */
export interface DueInput {
  readonly plan: MeshPlan;
  /** With the watermarks as they are to be stored. */
  readonly job: Job;
  /** By `stage/shard`. */
  readonly heads: ReadonlyMap<string, ShardProgress>;
  /** Versions of the heads, by `stage/shard`. */
  readonly versions: ReadonlyMap<string, number>;
  /** Bundles on their way, by stage. */
  readonly inFlight: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

/** A shard that must be told. */
export interface DueShard {
  readonly stage: string;
  readonly shard: number;
  /** Defined if the shard waits for it. */
  readonly synchronizedMs: number | undefined;
  /** The shard reads, or has timers that may loop, and must be told of the drain. */
  readonly drains: boolean;
  /** The shard has come to its end, and must show that its sinks have all. */
  readonly proves: boolean;
  /** False: it must be told that the job goes on. True: that it stands still. */
  readonly pauses: boolean | undefined;
}

/** Who must be told, and what the job remembers of it. */
export interface Due {
  readonly shards: readonly DueShard[];
  readonly advanced: Job["advanced"];
  /** Whether any shard has something due that it has not done. */
  readonly isWaiting: boolean;
  /** The earliest processing time still to come at which a shard has work, in ms; MAX if none. */
  readonly nextProcessingMs: number;
}

/** An advance that a shard did not act on is sent again after this, in ms. */
const AGAIN_MS = 10_000;

/** Returns the shards that must be told. */
export function dueShards(input: DueInput): Due {
  const { plan, job, nowMs } = input;
  const synchronized = synchronizedStages(input);
  const exact = exactStages(plan);
  const due = { shards: [] as DueShard[], advanced: {} as Record<string, Told> };
  let isWaiting = false;
  let nextProcessingMs: number = MAX_TIMESTAMP;
  for (const stage of plan.stages) {
    const [watermark] = watermarksOf(job, stage.id);
    const isExact = exact.has(stage.id);
    for (const [shard, head] of headsOf(stage, input.heads, isExact)) {
      const owed = owedTo(head, stage, job, isExact);
      const reason = reasonOf(head, watermark, nowMs, synchronized.has(stage.id), owed);
      isWaiting ||= reason.isDue;
      nextProcessingMs = Math.min(nextProcessingMs, later(head, nowMs));
      if (reason.tells) tell(input, { stage: stage.id, shard }, watermark, reason, due);
    }
  }
  return { ...due, isWaiting, nextProcessingMs };
}

/** The heads of a stage's shards; where all must be told, a shard without one counts as new. */
function headsOf(
  { id, shards }: StagePlan,
  heads: DueInput["heads"],
  isExact: boolean,
): [shard: number, head: ShardProgress][] {
  const unopened = isExact ? newProgress() : undefined;
  return Array.from({ length: shards }, (_, shard) => shard).flatMap((shard) => {
    const head = heads.get(`${id}/${shard}`) ?? unopened;
    return head === undefined ? [] : [[shard, head] as [number, ShardProgress]];
  });
}

/** What a shard must be told beside its own timers. */
interface Owed {
  /** Reads and timers without end must end. */
  readonly drains: boolean;
  /** R4. */
  readonly proves: boolean;
  /** The shard stands still, and the job does not. */
  readonly resumes: boolean;
  readonly isAny: boolean;
}

function owedTo(head: ShardProgress, stage: StagePlan, job: Job, isExact: boolean): Owed {
  const { id, read, shuffle } = stage;
  const isLooping = shuffle?.kind === "statefulParDo" && head.nextTimer < MAX_TIMESTAMP;
  const isDraining = job.state === "DRAINING" && (read?.truncates === true || isLooping);
  const isOpen = watermarksOf(job, id)[1] < MAX_TIMESTAMP && head.isDraining !== true;
  const drains = isDraining && isOpen;
  const isSideDue = hasSideTimer(head, (side) => watermarksOf(job, sideKey(id, side))[0]);
  const isEnded = watermarksOf(job, id)[1] === MAX_TIMESTAMP;
  const proves = isEnded && head.isUnproven === true;
  const resumes = head.isStill === true;
  const isBehindAny = isSideDue || (isExact && isBehind(head, job, id));
  return { drains, proves, resumes, isAny: drains || proves || resumes || isBehindAny };
}

/** Stages whose shards are told of every watermark (R3). */
function exactStages({ stages }: MeshPlan): ReadonlySet<string> {
  const isTest = stages.some(({ ingest }) => ingest?.watermark.kind === "manual");
  return new Set(isTest ? stages.filter(({ shards }) => shards > 0).map(({ id }) => id) : []);
}

function isBehind({ watermarks }: ShardProgress, job: Job, stage: string): boolean {
  const [input, output] = watermarksOf(job, stage);
  return watermarks[0] < input || watermarks[1] < output;
}

type Told = readonly [watermark: Timestamp, atMs: number, version: number];

/** Notes that a shard is told, unless it has been of the same thing lately (R1). */
function tell(
  { job, versions, nowMs }: DueInput,
  { stage, shard }: Pick<DueShard, "stage" | "shard">,
  watermark: Timestamp,
  { isOther, isSynchronized, drains, proves, resumes }: Reason,
  due: { readonly shards: DueShard[]; readonly advanced: Record<string, Told> },
): void {
  const key = `${stage}/${shard}`;
  const version = versions.get(key) ?? 0;
  const told = job.advanced[key];
  const isTold =
    told !== undefined &&
    told[0] === watermark &&
    told[1] > nowMs - AGAIN_MS &&
    (!isOther || told[2] === version);
  due.advanced[key] = isTold ? told : [watermark, nowMs, version];
  if (isTold) return;
  const synchronizedMs = isSynchronized ? nowMs : undefined;
  const pauses = resumes ? false : undefined;
  due.shards.push({ stage, shard, synchronizedMs, drains, proves, pauses });
}

interface Reason {
  /** Something is due, whether or not it helps to tell the shard now. */
  readonly isDue: boolean;
  readonly tells: boolean;
  /** It is not the input watermark alone that the shard is told of. */
  readonly isOther: boolean;
  readonly isSynchronized: boolean;
  readonly drains: boolean;
  readonly proves: boolean;
  readonly resumes: boolean;
}

function reasonOf(
  head: ShardProgress,
  watermark: Timestamp,
  nowMs: number,
  isStageSynchronized: boolean,
  owed: Owed,
): Reason {
  const hasTimer = head.nextTimer < watermark;
  const hasNews = head.watermarks[0] < watermark;
  const isProcessing = head.nextProcessingMs <= nowMs;
  const waitsForSynchronized = head.nextSynchronizedMs <= nowMs;
  const isSynchronized = waitsForSynchronized && isStageSynchronized;
  const isOther = isProcessing || isSynchronized || owed.isAny;
  return {
    isDue: hasTimer || isProcessing || waitsForSynchronized || owed.isAny,
    tells: (hasNews && (hasTimer || isCrowded(head.sent))) || isOther,
    isOther,
    isSynchronized,
    drains: owed.drains,
    proves: owed.proves,
    resumes: owed.resumes,
  };
}

/** Whether a side input's watermark, unknown to the shard, lets elements go on that wait for it. */
function hasSideTimer(head: ShardProgress, watermarkOf: (side: string) => Timestamp): boolean {
  return Object.entries(head.sideTimers ?? {}).some(([side, timer]) => {
    const watermark = watermarkOf(side);
    return timer < watermark && (head.sideWatermarks?.[side] ?? MIN_TIMESTAMP) < watermark;
  });
}

/** The earlier of a head's processing times that are still to come. */
function later({ nextProcessingMs, nextSynchronizedMs }: ShardProgress, nowMs: number): number {
  const times = [nextProcessingMs, nextSynchronizedMs].filter((time) => time > nowMs);
  return Math.min(MAX_TIMESTAMP, ...times);
}

/** R2: stages that nothing of a time until now can still reach. Stages stand in topological order. */
function synchronizedStages({ plan, heads, inFlight, nowMs }: DueInput): Set<string> {
  const synchronized = new Set<string>();
  const busy = new Set<string>();
  for (const [key, { nextProcessingMs, nextSynchronizedMs }] of heads) {
    if (Math.min(nextProcessingMs, nextSynchronizedMs) > nowMs) continue;
    busy.add(key.slice(0, key.lastIndexOf("/")));
  }
  for (const { id } of plan.stages) {
    const isQuiet = (inFlight.get(id) ?? 0) === 0;
    const before = plan.edges.filter((edge) => edge.to === id).map((edge) => edge.from);
    if (isQuiet && before.every((from) => synchronized.has(from) && !busy.has(from))) {
      synchronized.add(id);
    }
  }
  return synchronized;
}
