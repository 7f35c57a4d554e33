/**
 * 2. Activation: one shard takes one or more messages and commits once.
 *
 * Owns: the protocol around a run: open → drop known → run → commit → flush → acknowledge. Does
 * not own: what a run does (run-bundle.ts), the head's form (shard.ts) or sending (outbox.ts).
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
import { MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { halve } from "./bundle-builder.ts";
import { NO_OUTPUTS } from "./bundle-outputs.ts";
import { PoisonElement } from "./cells.ts";
import { Chain } from "./chain.ts";
import { type Letters, lettersIn, recordsOf } from "./dead-letters/taking.ts";
import { type AdvanceBody, type Envelope, isIngestProducer } from "./envelope.ts";
import type { Fence } from "./fence.ts";
import { callFinalizers } from "./finalizers.ts";
import { flush } from "./flush.ts";
import type { SelfMessage } from "./gathered.ts";
import { decodeBody } from "./head.ts";
import { sideKey } from "./job.ts";
import { storedMetrics } from "./metrics/values.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { HeadCommit, ShardRef, World } from "./ports.ts";
import type { Program } from "./program.ts";
import { type RunContext, type RunResult, runMessages } from "./run-bundle.ts";
import {
  bytesOf,
  isUnproven,
  type NextCommit,
  nextCommit,
  openShard,
  type Shard,
} from "./shard.ts";
import { spread } from "./spread.ts";
import { deadLettersOf, outboxOf, type PoisonDead } from "./step-outbox.ts";
import type { Ticks } from "./ticks.ts";

/** Times that a lost race, or a commit of unknown outcome, is tried again before it is refused. */
const COMMIT_ATTEMPTS_MAX = 6;

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

/** How one activation goes about it; narrower after each failure. */
interface Attempt {
  readonly excluded: Map<string, Set<number>>;
  readonly dead: PoisonDead[];
  /** Failures of the user's code to add an element, and races lost. */
  poison: number;
  conflicts: number;
  /** Divides the bounds of a run whose commit was too big. */
  divisor: number;
}

/** The activations of one shard on one instance; one runs at a time. */
export class ShardActivations {
  readonly #ref: ShardRef;
  readonly #context: ActivationContext;
  readonly #chain: Chain;
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
   * @throws ERR_STORE_CONTENTION if other instances won the shard again and again
   * @throws ERR_UNAVAILABLE if the store or a topic did not answer
   */
  async activate(messages: readonly (() => Envelope)[]): Promise<void> {
    const attempt: Attempt = { excluded: new Map(), dead: [], poison: 0, conflicts: 0, divisor: 1 };
    for (;;) {
      try {
        await this.#once(messages, attempt);
        return;
      } catch (error) {
        this.#shard = undefined; // What is in memory may be half of a step (Z1).
        await this.#prepareNext(attempt, error);
      }
    }
  }

  async teardown(): Promise<void> {
    await this.#chain.teardown();
  }

  /** Mends what made an attempt fail, or throws it. */
  async #prepareNext(attempt: Attempt, error: unknown): Promise<void> {
    if (error instanceof PoisonElement) await this.#exclude(error, attempt);
    else if (error instanceof CommitTooBig) {
      this.#narrow(attempt);
      forgetPoison(attempt);
    } else if (isMeshError(error) && error.code === "ERR_STORE_CONTENTION") {
      forgetPoison(attempt);
      if (++attempt.conflicts >= COMMIT_ATTEMPTS_MAX) throw error;
      const { clock, random } = this.#context.world;
      await clock.sleep(10 * 2 ** attempt.conflicts * random.fraction());
    } else throw error;
  }

  async #once(messages: readonly (() => Envelope)[], attempt: Attempt): Promise<void> {
    const { world, options } = this.#context;
    const envelopes = messages.map((open) => open());
    const shard = await this.#open(envelopes);
    await this.#flush(shard);
    const nowMs = world.clock.nowMs();
    // Taking one notes it: a second copy in the same activation is known already.
    const fresh = envelopes.filter((e) => !isEarlier(e, shard) && takeIfNew(shard, e, nowMs));
    // Known ones may be of an instance that ended before it scheduled the tick.
    if (fresh.length === 0) return this.#context.ticks.ensure();
    const letters = await lettersIn(fresh, world.store);
    const result = await this.#run(shard, fresh, letters, attempt);
    await this.#commit(shard, result, attempt);
    await this.#flush(shard);
    await this.#context.ticks.ensure();
    await callFinalizers(result.outputs.finalizers, world.log, options.userCodeMsMax);
  }

  /** Opens the shard, anew where a message says that it has been replaced since (GE1). */
  async #open(envelopes: readonly Envelope[]): Promise<Shard> {
    const { program, world, options, fence } = this.#context;
    const newest = Math.max(...envelopes.map(({ generation = 0 }) => generation));
    if (this.#shard !== undefined && this.#shard.generation < newest) this.#shard = undefined;
    this.#shard ??= await openShard(this.#ref, program, world.store, options);
    const { version, generation } = this.#shard;
    if (generation < newest) {
      const { stage, shard } = this.#ref;
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `Shard ${stage}/${shard} is of generation ${generation}, and got a message of ${newest}.`,
      );
    }
    if (version === undefined) await fence.verify();
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
    const isNarrow = attempt.divisor > ELEMENTS_DIVISOR;
    const splits = spreadsOf(fresh, program) ?? (isNarrow ? splitsOf(fresh) : undefined);
    if (splits !== undefined) return { ...NOTHING, self: splits };
    // Messages that can't be split are taken one by one.
    const taken = isNarrow ? fresh.slice(0, 1) : fresh;
    const { firingsMax, chunkElementsMax } = options;
    const context: RunContext = {
      program,
      chain: this.#chain,
      source,
      letters,
      clock: world.clock,
      options: {
        ...options,
        firingsMax: Math.max(1, Math.floor(firingsMax / attempt.divisor)),
        chunkElementsMax: Math.max(1, Math.floor(chunkElementsMax / attempt.divisor)),
      },
    };
    const result = await runMessages(shard, taken, attempt.excluded, context);
    if (taken.length === fresh.length) return result;
    return { ...result, self: [...result.self, ...fresh.slice(taken.length).map(toItself)] };
  }

  async #commit(shard: Shard, result: RunResult, attempt: Attempt): Promise<void> {
    const { world } = this.#context;
    const dead = deadLettersOf(shard, result, attempt.dead, this.#context);
    const outbox = outboxOf(shard, result, dead, this.#context);
    const token = world.random.id();
    const nowMs = world.clock.nowMs();
    const { documents } = result.outputs;
    shard.userMetrics = storedMetrics(shard.userMetrics, this.#chain.metrics.uncommitted);
    const letters = recordsOf(dead, result.taken, nowMs);
    const next = nextCommit(shard, { outbox, documents, letters }, token, nowMs);
    if (bytesOf(next.commit) > COMMIT_BYTES_MAX) throw new CommitTooBig();
    await this.#commitNext(shard, next, token, outbox);
    this.#chain.metrics.committed();
  }

  async #commitNext(
    shard: Shard,
    { commit, outboxParts }: NextCommit,
    token: string,
    outbox: readonly OutboxEntry[],
  ): Promise<void> {
    await this.#commitOnce(commit, token);
    shard.version = commit.head.version;
    shard.outboxParts = outboxParts;
    shard.unflushed = outbox;
    shard.isUnproven = isUnproven(outbox, shard);
  }

  /** Commits; a failure of unknown outcome is settled by looking for our token in the newest head. */
  async #commitOnce(commit: HeadCommit, token: string): Promise<void> {
    const { store, clock, random } = this.#context.world;
    for (let attempt = 1; ; attempt++) {
      try {
        await store.commitHead(commit);
        return;
      } catch (error) {
        const head = await store.newestHead(commit.shard);
        if (head?.version === commit.head.version && decodeBody(head.body).token === token) return;
        // Our version was not applied; if ours is no longer next, another instance won.
        const isOurTurn = head?.version === commit.previousVersion;
        if (!isOurTurn) throw contention(commit, error);
        if (attempt >= COMMIT_ATTEMPTS_MAX) throw error;
        await clock.sleep(20 * 2 ** attempt * random.fraction());
      }
    }
  }

  async #flush(shard: Shard): Promise<void> {
    await flush(shard, this.#context, async (outbox, dead) => {
      const { random, clock } = this.#context.world;
      const token = random.id();
      const nowMs = clock.nowMs();
      const effects = { outbox, documents: [], letters: recordsOf(dead, [], nowMs) };
      const next = nextCommit(shard, effects, token, nowMs);
      await this.#commitNext(shard, next, token, outbox);
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
    if (isUserCode && ++attempt.poison < attemptsMax) {
      await clock.sleep(retryBackoffMs * 2 ** (attempt.poison - 1));
      return;
    }
    for (const { element, cause: error } of [poison, ...poison.others]) {
      // Another kind of failure has its own turn, when this one's elements are gone.
      if (isMeshError(error) && error.disposition !== "dead-letter") continue;
      const { columns, index, slot } = element;
      const excluded = attempt.excluded.get(slot) ?? new Set();
      attempt.excluded.set(slot, excluded.add(index));
      attempt.dead.push({ columns, index, error });
    }
  }

  #narrow(attempt: Attempt): void {
    attempt.divisor *= 4;
    if (attempt.divisor <= 4 ** 8) return;
    throw new MeshError(
      "ERR_ELEMENT_TOO_BIG",
      `Stage ${this.#ref.stage}: what one element gives does not fit into one commit of ` +
        `${COMMIT_BYTES_MAX} bytes.`,
    );
  }
}

/** The next attempt may take other messages: what fails among them is found again. */
function forgetPoison(attempt: Attempt): void {
  attempt.excluded.clear();
  attempt.dead.length = 0;
  attempt.poison = 0;
}

/** From this divisor on, bundles are split as well: narrower bounds alone did not help. */
const ELEMENTS_DIVISOR = 4 ** 3;

const NOTHING: Omit<RunResult, "self"> = { outputs: NO_OUTPUTS, dead: [], taken: [] };

/** A run's commit would be over the limit; it is run again with narrower bounds. */
class CommitTooBig extends Error {}

/** Bundles of more than one element as two messages to the shard itself; undefined if none is. */
function splitsOf(envelopes: readonly Envelope[]): SelfMessage[] | undefined {
  let isSplit = false;
  const messages = envelopes.flatMap((envelope): SelfMessage[] => {
    const { shard, minTime, body, count } = envelope;
    if (body.kind === "replay" && count > 1) {
      isSplit = true;
      return body.letters.map((letter) => {
        return { shard, minTime, body: { kind: "replay", letters: [letter] } };
      });
    }
    if (body.kind !== "elements" || count < 2) return [toItself(envelope)];
    isSplit = true;
    return halve(body.windows, count).map(({ windows }) => ({
      shard,
      minTime,
      body: { kind: "elements", windows },
    }));
  });
  return isSplit ? messages : undefined;
}

/** Messages to the shards of today, where a bundle was made for others; undefined if none was. */
function spreadsOf(envelopes: readonly Envelope[], { stage }: Program): SelfMessage[] | undefined {
  if (!envelopes.some((envelope) => envelope.spreads)) return undefined;
  return envelopes.flatMap((envelope) =>
    envelope.spreads ? spread(envelope, stage.shards) : [toItself(envelope)],
  );
}

function toItself({ shard, minTime, body }: Envelope): SelfMessage {
  return { shard, minTime, body };
}

/** Whether a message is one of an earlier generation of the mesh; ingest instances know of none. */
function isEarlier({ producer, generation = 0 }: Envelope, shard: Shard): boolean {
  return generation < shard.generation && !isIngestProducer(producer);
}

function takeIfNew(shard: Shard, envelope: Envelope, nowMs: number): boolean {
  const { producer, sequence } = envelope;
  if (sequence >= 0) return shard.received.add(producer, sequence, nowMs);
  // An advance from the tracker: worth a commit only if it says something new.
  if (envelope.body.kind !== "advance") return true;
  const { watermarks, nowMs: trackerMs = 0, synchronizedMs = 0, proves } = envelope.body;
  if (proves === true && shard.isUnproven) return true;
  const own = watermarks[shard.ref.stage];
  if (own !== undefined && (own[0] > shard.watermarks[0] || own[1] > shard.watermarks[1])) {
    return true;
  }
  const { keeper, gate } = shard;
  const knownSides = gate?.views.watermarks() ?? {};
  const hasSideNews = Object.entries(gate?.sideTimers() ?? {}).some(([side, timer]) => {
    const told = watermarks[sideKey(shard.ref.stage, side)]?.[0] ?? MIN_TIMESTAMP;
    return timer < told && (knownSides[side] ?? MIN_TIMESTAMP) < told;
  });
  if (hasSideNews) return true;
  if (isOrder(envelope.body, shard)) return true;
  if (keeper === undefined) return false;
  const latestMs = Math.max(nowMs, trackerMs);
  return keeper.nextProcessingMs() <= latestMs || keeper.nextSynchronizedMs() <= synchronizedMs;
}

/** Whether an advance tells the shard to do what it does not do yet: drain, stand still, go on. */
function isOrder({ drains, pauses }: AdvanceBody, { reads, stateful, isStill }: Shard): boolean {
  if (drains === true && (reads ?? stateful)?.isDraining === false) return true;
  return pauses !== undefined && pauses !== isStill;
}

function contention(commit: HeadCommit, cause: unknown): MeshError {
  const { stage, shard } = commit.shard;
  return new MeshError(
    "ERR_STORE_CONTENTION",
    `Shard ${stage}/${shard}: another activation committed version ${commit.head.version} first.`,
    { cause },
  );
}
