/**
 * Generations: what checkers must know of a job whose state was replaced. Written anew and simply, so
 * that it shares no mistake with functions/.
 */
import type { Envelope } from "../../../functions/envelope.ts";
import type { Job, StageWatermarks } from "../../../functions/job.ts";
import type { Register } from "../../../functions/register.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import { type Ledger, shardKey } from "../world/ledger.ts";

/** Returns the watermarks that a job must not fall behind, by the names that its stages have now. */
export function watermarksBefore(before: Job | undefined, after: Job): StageWatermarks {
  if (before === undefined) return {};
  // A restore goes back by what it is; from there on it goes forward again.
  const isReplaced = (before.generation ?? 0) !== (after.generation ?? 0);
  if (isReplaced && after.change?.kind === "restore") return {};
  if (before.plan === after.plan) return before.watermarks;
  const moved = Object.entries(before.watermarks).flatMap(([key, pair]) => {
    const [stage = "", ...side] = key.split("<");
    const today = after.superseded?.[before.plan]?.[stage]?.stage;
    return today === undefined ? [] : [[[today, ...side].join("<"), pair] as const];
  });
  return Object.fromEntries(moved);
}

/** Returns a register of an earlier plan's instance with the names that stages have now. */
export function today(register: Register, job: Job | undefined): Register {
  const { plan, stage, sends } = register;
  if (job === undefined || plan === undefined || plan === job.plan) return register;
  const stages = job.superseded?.[plan] ?? {};
  const moved = sends.flatMap(([to, shard, sequence, minTime]) => {
    const own = stages[to]?.stage;
    return own === undefined ? [] : [[own, shard, sequence, minTime] as const];
  });
  return { ...register, stage: stages[stage]?.stage ?? stage, sends: moved };
}

/** Whether what was sent belongs to a state that has been replaced since: it counts no more. */
export function isForgone(envelope: Envelope, { job, heads }: Ledger): boolean {
  // While state is moved a shard is of the next generation before the job is: nothing leads back.
  const isMoving = job?.change?.phase === "moving";
  const head = isMoving ? heads.get(shardKey(envelope)) : undefined;
  const newest = Math.max(job?.generation ?? 0, head?.generation ?? 0);
  return !isOfIngest(envelope) && (envelope.generation ?? 0) < newest;
}

/** Names whoever sent a bundle: of shards each generation counts anew. */
export function producerOf(envelope: Pick<Envelope, "producer" | "generation">): string {
  const { producer, generation = 0 } = envelope;
  return isOfIngest(envelope) || generation === 0 ? producer : `${producer}#${generation}`;
}

/** Where an ingest instance's bundle of an earlier plan goes now, and under which producer's name. */
export function addressOf(
  { plan, producer, stage, shard }: Envelope,
  job: Job | undefined,
  { stages }: MeshPlan,
): { readonly producer: string; readonly stage: string; readonly shard: number } {
  const to = job?.plan === plan ? undefined : job?.superseded?.[plan]?.[stage];
  const shards = stages.find(({ id }) => id === to?.stage)?.shards;
  if (to === undefined || shards === undefined) return { producer, stage, shard };
  if (to.shards === shards) return { producer, stage: to.stage, shard };
  return { producer: `${producer}.${shard}`, stage: to.stage, shard: shard % shards };
}

/** Ingest instances have random ids, all others are named by what they are. */
function isOfIngest({ producer }: Pick<Envelope, "producer">): boolean {
  return producer !== "tracker" && !producer.includes("/");
}
