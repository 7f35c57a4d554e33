/**
 * Tracker: one snapshot of the mesh → watermarks → messages to shards with something due.
 *
 * Owns: one tick, and when the next must be. Does not own: the computation (watermark.ts).
 * Place on the data's way: beside it; called by a wake-up, never by data.
 *
 * Y1. What a tick uses is one consistent snapshot, and it stores before it tells (a shard never
 *     uses a newer watermark than is stored).
 * Y2. A register leaves when it is confirmed and everything in it has arrived, or when it was never
 *     confirmed and its messages must have come again; never before an older one of its producer,
 *     which it may confirm. What it observed is kept in the same commit, and what it counted if it
 *     was confirmed: so a message counts once, although it may have come again.
 * Y3. Nothing open means no next tick: an idle mesh makes no call.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { earlier, MAX_TIMESTAMP } from "../sdk/model/time.ts";
import { advanceMessage } from "./advance.ts";
import { dueShards } from "./due.ts";
import type { ShardProgress } from "./head.ts";
import { type Job, sourceOf, standsStill } from "./job.ts";
import {
  addOperations,
  costOfJob,
  costOfMessages,
  costOfSnapshot,
  sumOfCosts,
} from "./metrics/operations.ts";
import type { EngineOptions } from "./options.ts";
import type { MeshSnapshot, OutgoingMessage, World } from "./ports.ts";
import { type Register, registerId } from "./register.ts";
import {
  addMetrics,
  confirmed,
  decodeHeads,
  openRegisters,
  removable,
  shortened,
  sinceOf,
} from "./registers.ts";
import { sendOwn } from "./send.ts";
import { advanceSource, nextChangeMs, type SourceState } from "./source-watermark.ts";
import type { Ticks } from "./ticks.ts";
import { bundlesInFlight, computeWatermarks, type MeshView } from "./watermark.ts";
import { logWatermarks } from "./watermark-log.ts";

/** What the tracker works with. */
export interface TrackerContext {
  readonly plan: MeshPlan;
  readonly world: World;
  readonly options: EngineOptions;
  readonly ticks: Ticks;
}

/**
 * Runs one tick.
 *
 * @throws ERR_PLAN_MISMATCH if the stored job is of another plan
 * @throws ERR_UNAVAILABLE if the store or a topic did not answer; the wake-up is then tried again
 */
export async function tick(context: TrackerContext): Promise<void> {
  const { plan, world, ticks } = context;
  const snapshot = await world.store.snapshot();
  if (snapshot.job === undefined) return; // Not launched: launch.ts makes the first tick.
  // It may be on its way to another plan; and who lets it go on asks for the next tick.
  if (standsStill(JSON.parse(snapshot.job.text) as Job)) return;
  const job = decodeJob(snapshot.job.text, plan);
  const nowMs = world.clock.nowMs();
  const step = computeStep(context, snapshot, job, nowMs);
  const { removed, shortened: shorter } = step;
  const costs = addOperations(
    ticks.unstored,
    sumOfCosts({ activations: 1 }, costOfSnapshot(snapshot), costOfMessages(step.messages)),
  );
  ticks.unstored = costs;
  if (!isSame(job, step.job) || removed.length > 0 || shorter.length > 0) {
    const cost = sumOfCosts(costOfJob(false, shorter.length, removed.length));
    const operations = addOperations(job.operations ?? [], addOperations(costs, cost));
    try {
      await world.store.commitJob({
        previousVersion: snapshot.job.version,
        job: {
          version: snapshot.job.version + 1,
          text: JSON.stringify({ ...step.job, operations }),
        },
        registersToPut: shorter.map((r) => ({ id: registerId(r), text: JSON.stringify(r) })),
        registersToDelete: removed.map(registerId),
      });
      ticks.unstored = [];
    } catch (error) {
      // Another tick was faster; what it left, the next one sees.
      if (isMeshError(error) && error.code === "ERR_STORE_CONTENTION") return ticks.ensure();
      throw error;
    }
  }
  logWatermarks(context, step.job, nowMs);
  await sendOwn(step.messages, world.mailboxes);
  if (step.nextMs !== undefined) await ticks.ensureAt(step.nextMs);
}

/**
 * Returns whether a tick would bring nothing about: nothing is on its way, nothing is due, and no
 * watermark would move. What waits undelivered in a source's subscription is not seen.
 */
export function isQuiet(
  context: Pick<TrackerContext, "plan" | "options">,
  snapshot: MeshSnapshot,
  nowMs: number,
): boolean {
  const job = JSON.parse(snapshot.job?.text ?? "{}") as Partial<Job>;
  if (job.plan !== context.plan.hash) return false;
  const before = job as Job;
  if (standsStill(before)) return true;
  const { job: next, removed, messages, nextMs } = computeStep(context, snapshot, before, nowMs);
  const isStill = removed.length === 0 && messages.length === 0 && next.state === before.state;
  const isIdle = nextMs === undefined || nextMs > nowMs;
  return isStill && isIdle && isSame(before.watermarks, next.watermarks);
}

/**
 * Reads the job document back.
 *
 * @throws ERR_PLAN_MISMATCH if it is of another plan
 */
export function decodeJob(text: string, plan: MeshPlan): Job {
  const job = JSON.parse(text) as Job;
  if (job.plan === plan.hash) return job;
  throw new MeshError(
    "ERR_PLAN_MISMATCH",
    `The stored job of pipeline ${plan.pipeline} runs plan ${job.plan}; this is plan ${plan.hash}.`,
  );
}

/** What a tick would do. */
export interface Step {
  /** Without the registers that leave. */
  readonly view: MeshView;
  readonly job: Job;
  readonly removed: readonly Register[];
  readonly shortened: readonly Register[];
  readonly messages: readonly OutgoingMessage[];
  /** When the next tick must be, in ms of processing time; undefined: nothing is open. */
  readonly nextMs: number | undefined;
}

/** Returns what a tick at `nowMs` would do with a snapshot. Pure. */
export function computeStep(
  context: Pick<TrackerContext, "plan" | "options">,
  snapshot: MeshSnapshot,
  job: Job,
  nowMs: number,
): Step {
  const { plan } = context;
  const heads = decodeHeads(snapshot);
  const all = openRegisters(snapshot, job);
  const removed = removable(all, heads, sinceOf(job, nowMs - context.options.registerTimeoutMs));
  const registers = all.filter((register) => !removed.includes(register));
  const sources = advanceSources(plan, job, all, nowMs);
  const view: MeshView = {
    plan,
    heads,
    registers,
    sources: Object.fromEntries(
      Object.entries(sources).map(([id, { watermark }]) => [
        id,
        job.state === "RUNNING" ? watermark : MAX_TIMESTAMP,
      ]),
    ),
  };
  const watermarks = computeWatermarks(view, job);
  const inFlight = bundlesInFlight(view);
  const isInFlight = [...inFlight.values()].some((bundles) => bundles > 0);
  const advancing: Job = {
    ...job,
    watermarks,
    sources,
    ingest: addMetrics(job, confirmed(removed, all)),
  };
  const versions = versionsOf(snapshot);
  const due = dueShards({ plan, job: advancing, heads, versions, inFlight, nowMs });
  const isQuiet = !isInFlight && !due.isWaiting;
  const isDone = isQuiet && Object.values(watermarks).every(([, out]) => out === MAX_TIMESTAMP);
  const isPending = isInFlight || registers.length > 0 || due.isWaiting || removed.length > 0;
  return {
    view,
    job: { ...advancing, advanced: due.advanced, state: isDone ? "DONE" : job.state },
    removed,
    shortened: shortened(registers, heads, nowMs),
    messages: due.shards.map((shard) => advanceMessage(plan, advancing, shard, nowMs)),
    nextMs: isPending
      ? nowMs
      : earliest(nextOfSources(plan, sources, heads, nowMs), due.nextProcessingMs),
  };
}

function advanceSources(
  plan: MeshPlan,
  job: Job,
  registers: readonly Register[],
  nowMs: number,
): Record<string, SourceState> {
  const sources: Record<string, SourceState> = {};
  for (const { id, ingest } of plan.stages) {
    if (ingest === undefined) continue;
    const observed = registers.flatMap((register) =>
      register.stage === id && register.observed !== undefined
        ? [{ ...register.observed, atMs: register.atMs }]
        : [],
    );
    sources[id] = advanceSource(sourceOf(job, id), ingest.watermark, observed, nowMs);
  }
  return sources;
}

function versionsOf(snapshot: MeshSnapshot): Map<string, number> {
  return new Map(
    snapshot.heads.map(({ shard, version }) => [`${shard.stage}/${shard.shard}`, version]),
  );
}

/** The earlier of two times in ms; undefined if there is none. */
function earliest(a: number | undefined, b: number): number | undefined {
  return b === MAX_TIMESTAMP ? a : Math.min(a ?? b, b);
}

/** When a watermark may move by the passing of time, if anything waits for it. */
function nextOfSources(
  plan: MeshPlan,
  sources: Readonly<Record<string, SourceState>>,
  heads: ReadonlyMap<string, ShardProgress>,
  nowMs: number,
): number | undefined {
  let nextTimer = MAX_TIMESTAMP;
  for (const head of heads.values()) nextTimer = earlier(nextTimer, head.nextTimer);
  if (nextTimer === MAX_TIMESTAMP) return undefined;
  const times = plan.stages.flatMap(({ id, ingest }) => {
    const source = sources[id];
    if (ingest === undefined || source === undefined) return [];
    return nextChangeMs(source, ingest.watermark, nextTimer, nowMs) ?? [];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
