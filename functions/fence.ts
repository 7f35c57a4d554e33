/**
 * Fence: keeps instances and messages of one plan away from the state of another.
 *
 * Owns: what an instance must know of the stored job before it writes state that nobody wrote before,
 * and what becomes of a message of another plan. Does not own: generations (activation.ts), how a plan
 * comes to be superseded (control/update.ts).
 * Place on the data's way: at its entry into a stage, and only for what is new or foreign.
 *
 * FE1. An instance whose plan is not the stored job's writes neither a shard that was never committed
 *      nor a register: a deploy without an update changes nothing, and nor does an update without a
 *      deploy. A job rests for longer than an instance may be idle without making sure again (JR4). Nor
 *      is anything taken for a job whose state was deleted.
 * FE2. A message of a plan that the job does not know is refused: it may still be wanted.
 * FE3. What shards, tracker and launch of a superseded plan sent is dropped, for all of it was received
 *      once. What its ingest instances sent is taken: its source messages may be acknowledged.
 * FE4. A shard that is sealed takes nothing while its state is being moved: an instance that was given
 *      up may still be at work, and what it did would be done again from the copy.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { type Envelope, isIngestProducer } from "./envelope.ts";
import { isGone, type Job } from "./job.ts";
import type { EngineOptions } from "./options.ts";
import type { Clock, ShardRef, Store } from "./ports.ts";

/** Returns an envelope as the instance's own plan would have it. */
export type Translate = (envelope: Envelope) => Envelope;

/** Returns how long an instance may be idle without making sure again, in ms (FE1). */
export function idleMsMax({ answerMsMax }: Pick<EngineOptions, "answerMsMax">): number {
  return answerMsMax / 2;
}

/** The fence of one instance. */
export class Fence {
  readonly #plan: MeshPlan;
  readonly #store: Pick<Store, "readJob">;
  readonly #clock: Clock;
  readonly #idleMsMax: number;
  #verified: Promise<void> | undefined;
  /** When it was last asked to verify, in ms. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #reads = 0;

  /** @param idleMsMax - less than what a job rests at the least before its plan is another */
  constructor(
    plan: MeshPlan,
    store: Pick<Store, "readJob">,
    clock: Clock,
    idleMsMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.#plan = plan;
    this.#store = store;
    this.#clock = clock;
    this.#idleMsMax = idleMsMax;
  }

  /**
   * Makes sure that the stored job runs this plan (FE1): once, and again after a time without a call.
   *
   * @throws ERR_PLAN_MISMATCH if it runs another
   */
  verify(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#askedMs > this.#idleMsMax) this.#verified = undefined;
    this.#askedMs = nowMs;
    this.#verified ??= this.#verifyNow().catch((error: unknown) => {
      this.#verified = undefined; // The next one asks again.
      throw error;
    });
    return this.#verified;
  }

  /**
   * Says what becomes of a message of another plan: how it is taken, or undefined to drop it.
   *
   * @throws ERR_PLAN_MISMATCH if it must come again (FE2)
   */
  async admit({ plan, producer, stage }: Envelope): Promise<Translate | undefined> {
    // Read anew for each message: the plan that sent it may have come back since the last one.
    const job = await this.#readJob();
    const superseded = job?.plan === this.#plan.hash ? job.superseded?.[plan] : undefined;
    if (superseded === undefined) {
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `A bundle of plan ${plan} reached a function of plan ${this.#plan.hash}.`,
      );
    }
    if (!isIngestProducer(producer)) return undefined;
    const to = superseded[stage];
    const shards = this.#plan.stages.find(({ id }) => id === to?.stage)?.shards;
    if (to === undefined || shards === undefined) return undefined;
    return (envelope) => translated(envelope, to, shards);
  }

  /** @throws ERR_PLAN_MISMATCH if the state of a shard with this seal is being moved (FE4) */
  async requireUnsealed({ stage, shard }: ShardRef, seal: string): Promise<void> {
    const { state, change } = (await this.#readJob()) ?? {};
    if (state !== "UPDATING" || change?.seal !== seal) return; // It was taken back.
    throw new MeshError(
      "ERR_PLAN_MISMATCH",
      `The state of shard ${stage}/${shard} is being moved to plan ${change.plan ?? "?"}: ` +
        "it takes nothing before the job goes on.",
    );
  }

  /** Returns how often the job was read since the last call: each is billed. */
  takeReads(): number {
    const reads = this.#reads;
    this.#reads = 0;
    return reads;
  }

  async #verifyNow(): Promise<void> {
    const job = await this.#readJob();
    if (job !== undefined && isGone(job)) {
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `The stored job of pipeline ${this.#plan.pipeline} was cancelled: nothing is taken before it ` +
          "is launched again.",
      );
    }
    if (job === undefined || job.plan === this.#plan.hash) return;
    throw new MeshError(
      "ERR_PLAN_MISMATCH",
      `The stored job of pipeline ${this.#plan.pipeline} runs plan ${job.plan}; this function runs ` +
        `plan ${this.#plan.hash}. Deploy the job's own plan again, or run tidemark update first.`,
    );
  }

  async #readJob(): Promise<Job | undefined> {
    this.#reads++;
    const record = await this.#store.readJob();
    return record === undefined ? undefined : (JSON.parse(record.text) as Job);
  }
}

/** Sequence numbers count by target: of two targets that are one now, each is a producer's own. */
function translated(
  envelope: Envelope,
  { stage, shards: before }: { readonly stage: string; readonly shards: number },
  shards: number,
): Envelope {
  const own = { ...envelope, stage };
  if (before === shards) return own;
  const producer = `${envelope.producer}.${envelope.shard}`;
  return { ...own, producer, shard: envelope.shard % shards, spreads: true };
}
