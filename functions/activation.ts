/**
 * 2. Activation: one shard takes one or more messages and commits once.
 *
 * Owns: the protocol around a run: open → drop known → run → commit → flush → acknowledge. Does not
 * own: what the next attempt leaves out (attempt.ts), what a run does (run-bundle.ts), the head's form
 * (shard.ts) or sending (outbox.ts).
 * Place on the data's way: between a stage's mailbox and the mailboxes and sinks after it.
 *
 * A1. Effects are atomic: received, state, timers, holds and outputs are in one commit.
 * A2. Nothing is published before the commit that caused it.
 * A3. A head is not replaced until its outbox is known to be flushed; an instance that did not
 *     flush it itself flushes it again, and receivers drop the duplicates.
 * A5. An acknowledgement (the promise resolves) means: committed and flushed.
 * A6. A conflict is handled here, by opening the shard anew; it is no reason to refuse a message.
 * GE1. What an earlier generation of the mesh sent is dropped, for all that counts of it is in the state
 *      already; what a later one sent is refused.
 */
import type { AnySplittable } from "../sdk/io/splittable/splittable.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { Attempt, CommitTooBig } from "./attempt.ts";
import { NO_OUTPUTS } from "./bundle-outputs.ts";
import { PoisonElement } from "./cells.ts";
import { Chain } from "./chain.ts";
import { COMMIT_ATTEMPTS_MAX, commitOnce } from "./commit-once.ts";
import { type Letters, lettersIn, recordsOf } from "./dead-letters/taking.ts";
import { type Envelope, isIngestProducer } from "./envelope.ts";
import type { Fence } from "./fence.ts";
import { callFinalizers } from "./finalizers.ts";
import { flush } from "./flush.ts";
import { boundLog, bundleIds, type LogContext, type TraceContext } from "./log-context.ts";
import { costOfMessages } from "./metrics/operations.ts";
import { storedMetrics } from "./metrics/values.ts";
import { elementsAt, WorkGathered, type WorkJson, waitsOf } from "./metrics/work.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import { outboxMessages } from "./outbox.ts";
import type { Log, ShardRef, World } from "./ports.ts";
import type { Program } from "./program.ts";
import { type RunContext, type RunResult, runMessages } from "./run-bundle.ts";
import {
  bytesOf,
  isUnproven,
  nextCommit,
  openShard,
  type Shard,
  type StepEffects,
} from "./shard.ts";
import { deadLettersOf, outboxOf, sentElements } from "./step-outbox.ts";
import { splitsOf, spreadsOf, takeIfNew, takenOf, toItself } from "./take-messages.ts";
import type { Ticks } from "./ticks.ts";
import { userError } from "./user-errors.ts";

/** How long a producer with a random id is remembered after its last bundle, in ms. */
const TRANSIENT_PRODUCER_MS = 60 * 60_000;

/** All that the activations of one stage share on an instance. */
export interface ActivationContext {
  readonly program: Program;
  readonly world: World;
  readonly options: EngineOptions;
  /** The splittable read that begins the stage. */
  readonly source: AnySplittable | undefined;
  readonly ticks: Ticks;
  readonly fence: Fence;
}

/** The activations of one shard on one instance; one runs at a time. */
export class ShardActivations {
  readonly #ref: ShardRef;
  readonly #context: ActivationContext;
  readonly #chain: Chain;
  /** What waits for the next commit to be stored with it. */
  readonly #gathered = new WorkGathered();
  #shard: Shard | undefined;

  constructor(ref: ShardRef, context: ActivationContext) {
    this.#ref = ref;
    this.#context = context;
    this.#chain = new Chain(context.program, context.options);
  }

  /**
   * Takes messages; resolves when they may be acknowledged (A5). Each attempt decodes them anew,
   * for a run may fold one accumulator of a message into another in place.
   *
   * @param delivery - when each message was published, and whose request this is
   * @throws ERR_STORE_CONTENTION if other instances won the shard again and again
   * @throws ERR_UNAVAILABLE if the store or a topic did not answer
   */
  async activate(messages: readonly (() => Envelope)[], delivery: Delivery = {}): Promise<void> {
    const { clock, log: worldLog } = this.#context.world;
    const attempt = new Attempt();
    const beganMs = clock.nowMs();
    const log = boundLog(worldLog, () => this.#logContext(attempt, delivery));
    try {
      for (;;) {
        try {
          attempt.runs++;
          await this.#once(messages, attempt, delivery, log);
          return;
        } catch (error) {
          this.#shard = undefined; // What is in memory may be half of a step (Z1).
          await this.#prepareNext(attempt, error);
        }
      }
    } finally {
      const durationMs = clock.nowMs() - beganMs;
      this.#gathered.took(durationMs);
      // Of an activation that is refused nothing is committed; the next one stores what it met.
      this.#gathered.add(this.#chain.failures.take(log));
      log("DEBUG", "Activation.", { durationMs, conflicts: attempt.conflicts });
    }
  }

  #logContext({ runs, bundles }: Attempt, { trace }: Delivery): LogContext {
    const { pipeline, hash: plan } = this.#context.program.plan;
    const { stage, shard } = this.#ref;
    const activation = `${stage}/${shard}/${this.#shard?.version ?? "?"}`;
    return { pipeline, plan, stage, shard, activation, attempt: runs, bundles, trace };
  }

  async teardown(): Promise<void> {
    await this.#chain.teardown();
  }

  /** Mends what made an attempt fail, or throws it. */
  async #prepareNext(attempt: Attempt, error: unknown): Promise<void> {
    if (error instanceof PoisonElement) await this.#exclude(error, attempt);
    else if (error instanceof CommitTooBig) attempt.narrow(this.#ref.stage);
    else if (isMeshError(error) && error.code === "ERR_STORE_CONTENTION") {
      attempt.forgetPoison();
      this.#gathered.add({ conflicts: 1 });
      if (++attempt.conflicts >= COMMIT_ATTEMPTS_MAX) throw error;
      const { clock, random } = this.#context.world;
      await clock.sleep(10 * 2 ** attempt.conflicts * random.fraction());
    } else throw error;
  }

  async #once(
    messages: readonly (() => Envelope)[],
    attempt: Attempt,
    { publishedMs = [] }: Delivery,
    log: Log,
  ): Promise<void> {
    const { world, options } = this.#context;
    const envelopes = messages.map((open) => open());
    const shard = await this.#open(envelopes);
    await this.#flush(shard, log);
    const nowMs = world.clock.nowMs();
    // Taking one notes it: a second copy in the same activation is known already.
    const isNew = envelopes.map((envelope) => takeIfNew(shard, envelope, nowMs));
    const fresh = envelopes.filter((_, i) => isNew[i]);
    attempt.bundles = bundleIds(fresh);
    // Known ones may be of an instance that ended before it scheduled the tick.
    if (fresh.length === 0) return this.#context.ticks.ensure();
    const letters = await lettersIn(fresh, world.store);
    this.#gathered.did({ documentsRead: letters.size });
    const { elementsIn, elementsOut } = shard.metrics;
    const result = await this.#run(shard, fresh, letters, attempt);
    const taken = shard.metrics.elementsIn - elementsIn;
    const given = shard.metrics.elementsOut - elementsOut;
    const published = publishedMs.filter((_, i) => isNew[i] && isBundle(envelopes[i]));
    await this.#commit(shard, result, attempt, log, {
      ...elementsAt(nowMs, taken, given),
      ...waitsOf(published, world.clock.nowMs()),
      ...takenOf(fresh),
      ...sentElements(shard, result),
    });
    await this.#flush(shard, log);
    await this.#context.ticks.ensure();
    await callFinalizers(result.outputs.finalizers, log, options.userCodeMsMax);
  }

  /** Opens the shard, anew where a message says that it has been replaced since (GE1). */
  async #open(envelopes: readonly Envelope[]): Promise<Shard> {
    const { program, world, options, fence } = this.#context;
    const newest = Math.max(...envelopes.map(({ generation = 0 }) => generation));
    if (this.#shard !== undefined && this.#shard.generation < newest) this.#shard = undefined;
    if (this.#shard === undefined) {
      this.#shard = await openShard(this.#ref, program, world.store, options);
      this.#gathered.did({ documentsRead: this.#shard.documentsRead });
      // Whoever committed it may have sent it: here it is sent again (A3).
      this.#gathered.did(costOfMessages(outboxMessages(this.#shard.unflushed ?? [])));
    }
    const { version, generation, seal } = this.#shard;
    if (generation < newest) {
      const { stage, shard } = this.#ref;
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `Shard ${stage}/${shard} is of generation ${generation}, and got a message of ${newest}.`,
      );
    }
    if (version === undefined) await fence.verify();
    if (seal !== undefined) await fence.requireUnsealed(this.#ref, seal);
    this.#gathered.did({ documentsRead: fence.takeReads() });
    return this.#shard;
  }

  async #run(
    shard: Shard,
    fresh: readonly Envelope[],
    letters: Letters,
    attempt: Attempt,
  ): Promise<RunResult> {
    const { world, program, options, source } = this.#context;
    shard.received.forget(isIngestProducer, world.clock.nowMs() - TRANSIENT_PRODUCER_MS);
    shard.metrics.activations++;
    this.#chain.metrics.begin(world.clock.nowMs());
    const { isNarrow } = attempt;
    const splits = spreadsOf(fresh, program) ?? (isNarrow ? splitsOf(fresh) : undefined);
    if (splits !== undefined) return { ...NOTHING, self: splits };
    // Messages that can't be split are taken one by one.
    const taken = isNarrow ? fresh.slice(0, 1) : fresh;
    const context: RunContext = {
      program,
      chain: this.#chain,
      source,
      letters,
      clock: world.clock,
      options: attempt.bounded(options),
    };
    const result = await runMessages(shard, taken, attempt.excluded, context);
    if (taken.length === fresh.length) return result;
    return { ...result, self: [...result.self, ...fresh.slice(taken.length).map(toItself)] };
  }

  async #commit(
    shard: Shard,
    result: RunResult,
    attempt: Attempt,
    log: Log,
    work: WorkJson,
  ): Promise<void> {
    const { failures, metrics } = this.#chain;
    const dead = deadLettersOf(shard, result, attempt.dead, { ...this.#context, failures });
    this.#gathered.add(failures.take(log));
    const outbox = outboxOf(shard, result, dead, this.#context);
    const letters = recordsOf(dead, result.taken, this.#context.world.clock.nowMs());
    shard.userMetrics = storedMetrics(shard.userMetrics, metrics.uncommitted);
    const { documents } = result.outputs;
    await this.#commitStep(shard, { outbox, documents, letters }, work, COMMIT_BYTES_MAX);
    metrics.committed();
  }

  /** Commits the shard's next head with what a step gave, whose outbox is then the shard's. */
  async #commitStep(
    shard: Shard,
    effects: Omit<StepEffects, "work" | "flushCost">,
    own: WorkJson,
    bytesMax: number,
  ): Promise<void> {
    const { world } = this.#context;
    const { outbox } = effects;
    const token = world.random.id();
    const flushCost = costOfMessages(outboxMessages(outbox));
    const step = { ...effects, work: this.#gathered.offer(own), flushCost };
    const { commit, outboxParts, work } = nextCommit(shard, step, token, world.clock.nowMs());
    if (bytesOf(commit) > bytesMax) throw new CommitTooBig();
    await commitOnce(commit, token, world, () => this.#gathered.did({ documentsRead: 1 }));
    this.#gathered.stored();
    shard.work = work;
    shard.version = commit.head.version;
    shard.seal = undefined;
    shard.outboxParts = outboxParts;
    shard.unflushed = outbox;
    shard.isUnproven = isUnproven(outbox, shard);
  }

  async #flush(shard: Shard, log: Log): Promise<void> {
    const { failures } = this.#chain;
    await flush(shard, { ...this.#context, failures, log }, async (outbox, dead) => {
      this.#gathered.add(failures.take(log));
      const letters = recordsOf(dead, [], this.#context.world.clock.nowMs());
      const effects = { outbox, documents: [], letters };
      // No narrower run makes it smaller: flush.ts bounds what it adds to a commit that fitted.
      await this.#commitStep(shard, effects, {}, Number.POSITIVE_INFINITY);
    });
  }

  /** Sets an element aside that can't be added, once it has failed often enough. */
  async #exclude(poison: PoisonElement, attempt: Attempt): Promise<void> {
    const { clock } = this.#context.world;
    const { attemptsMax, retryBackoffMs } = this.#context.options;
    const { cause } = poison;
    // Only what another attempt can't mend sets an element aside (U2).
    if (isMeshError(cause) && cause.disposition !== "dead-letter") throw cause;
    const isUserCode = !isMeshError(cause) || cause.code === "ERR_USER_CODE";
    const { failures } = this.#chain;
    failures.note(userError(this.#context.program.root, cause), clock.nowMs());
    if (isUserCode && ++attempt.poison < attemptsMax) {
      failures.retried();
      await clock.sleep(retryBackoffMs * 2 ** (attempt.poison - 1));
      return;
    }
    attempt.exclude(poison);
  }
}

/** How messages came. */
export interface Delivery {
  /** When each was published, in ms; undefined: not known. */
  readonly publishedMs?: readonly number[];
  readonly trace?: TraceContext | undefined;
}

function isBundle(envelope: Envelope | undefined): boolean {
  return envelope !== undefined && envelope.sequence >= 0;
}

const NOTHING: Omit<RunResult, "self"> = { outputs: NO_OUTPUTS, dead: [], taken: [] };
