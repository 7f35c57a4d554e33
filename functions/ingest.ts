/**
 * 1. Ingest: messages from outside → register → bundles → acknowledge.
 *
 * Owns: the group commit of one instance. Does not own: parsing the push request (gcp/), or running a
 * group (run-group.ts).
 * Place on the data's way: the first thing that touches a message of an unbounded source.
 *
 * One group at a time: requests that come in meanwhile make the next group, so that under load a
 * group is large and a lone request waits for nobody.
 *
 * J3. A message is acknowledged when its bundles are published and confirmed, and not before.
 * J4. The ids of what a message gives follow from the message alone; so do shards and sink ids.
 * J5. A dead letter that comes back runs in a group of such alone, which the source's watermark
 *     policy does not see: an old message neither holds nor moves it.
 */

import type { SourceMessage } from "../sdk/io/source-spec.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import { Chain } from "./chain.ts";
import { readReturned } from "./dead-letters/message-letter.ts";
import { messageOfPayload } from "./dead-letters/payload.ts";
import { dueRecord, messagesOf, recordsOf } from "./dead-letters/taking.ts";
import { bundleText } from "./envelope.ts";
import type { Fence } from "./fence.ts";
import { callFinalizers } from "./finalizers.ts";
import { IngestWork } from "./ingest-work.ts";
import type { TraceContext } from "./log-context.ts";
import { storedMetrics } from "./metrics/values.ts";
import { messageOf } from "./outbox.ts";
import type { DeadLetterRecord, OutgoingMessage } from "./ports.ts";
import { type PlannedSend, type Register, registerId } from "./register.ts";
import { type GroupContext, type GroupMessage, GroupRuns } from "./run-group.ts";
import { sendGroup } from "./send-group.ts";
import type { Ticks } from "./ticks.ts";

/** What an ingest instance works with. */
export interface IngestContext extends GroupContext {
  readonly ticks: Ticks;
  readonly fence: Fence;
}

/** A message that waits for its acknowledgement. */
interface Waiting extends GroupMessage {
  readonly trace: TraceContext | undefined;
  readonly acknowledge: () => void;
  readonly refuse: (error: unknown) => void;
}

/** A group that was run, not yet published. */
interface Group {
  readonly register: Register;
  readonly messages: readonly OutgoingMessage[];
  readonly documents: BundleOutputs["documents"];
  readonly letters: readonly DeadLetterRecord[];
  readonly finalizers: BundleOutputs["finalizers"];
}

/** A group that is published and not yet confirmed. */
interface Unconfirmed {
  /** When its group began to gather, in ms. */
  readonly beganMs: number;
  readonly waiting: readonly Waiting[];
  readonly finalizers: BundleOutputs["finalizers"];
}

const NOBODY: Unconfirmed = { waiting: [], finalizers: [], beganMs: 0 };

/** The group commits of one instance of an ingest stage. */
export class Ingest {
  readonly #context: IngestContext;
  readonly #chain: Chain;
  readonly #runs: GroupRuns;
  #producer: string;
  #sequences = new Map<string, number>();
  #waiting: Waiting[] = [];
  #isRunning = false;
  #index = 0;
  #published = -1;
  readonly #work: IngestWork;

  constructor(context: IngestContext) {
    this.#context = context;
    this.#chain = new Chain(context.program, context.options);
    this.#runs = new GroupRuns(context, this.#chain);
    this.#producer = context.world.random.id();
    this.#work = new IngestWork(context.program, context.world, this.#chain.failures);
  }

  /** Takes a message; resolves when it may be acknowledged (J3). */
  take(message: SourceMessage, trace?: TraceContext): Promise<void> {
    return this.#enqueue(message, undefined, trace);
  }

  /** Takes a message of the replay subscription, once (DL3); resolves as `take` does. */
  async takeBack(replayed: SourceMessage): Promise<void> {
    const { id, attempt, payload } = readReturned(replayed);
    const [record] = await this.#context.world.store.readDeadLetters([id]);
    this.#work.did({ documentsRead: 1 });
    const letters = new Map(record === undefined ? [] : [[id, record]]);
    const due = dueRecord(letters, { id, attempt });
    if (due === undefined) return;
    await this.#enqueue(messageOfPayload(payload), { record: due, attempt });
  }

  #enqueue(message: SourceMessage, letter: Waiting["letter"], trace?: TraceContext): Promise<void> {
    return new Promise((acknowledge, refuse) => {
      this.#waiting.push({ message, letter, trace, acknowledge, refuse });
      if (!this.#isRunning) void this.#pump();
    });
  }

  async teardown(): Promise<void> {
    await this.#chain.teardown();
  }

  /** Runs groups until nobody waits. Never rejects: who waits is told. */
  async #pump(): Promise<void> {
    this.#isRunning = true;
    let unconfirmed = NOBODY;
    let last: Register | undefined;
    while (this.#waiting.length > 0 || unconfirmed.waiting.length > 0) {
      const before = unconfirmed;
      const isAlone = this.#waiting.length === 0;
      const beganMs = this.#context.world.clock.nowMs();
      const group = isAlone ? [] : await this.#gather();
      try {
        if (isAlone && last !== undefined) {
          await this.#confirm(last, before);
          this.#acknowledge(before);
          unconfirmed = NOBODY;
        } else {
          const { register, finalizers } = await this.#runGroup(group, before);
          last = register;
          unconfirmed = { waiting: group, finalizers, beganMs };
        }
      } catch (error) {
        this.#work.failed();
        unconfirmed = NOBODY;
        this.#renew();
        for (const { refuse } of [...before.waiting, ...group]) refuse(error);
      }
    }
    this.#isRunning = false;
  }

  #acknowledge({ waiting, finalizers }: Unconfirmed): void {
    for (const { acknowledge } of waiting) acknowledge();
    void callFinalizers(finalizers, this.#work.log, this.#context.options.userCodeMsMax);
  }

  /** Registers, publishes; the register confirms the group before, which is acknowledged (J2). */
  async #runGroup(group: readonly Waiting[], before: Unconfirmed): Promise<Group> {
    const { fence } = this.#context;
    await fence.verify();
    if (before.waiting.length > 0) this.#work.ended(before.beganMs);
    this.#work.begin(`${this.#producer}/${this.#index}`, group[0]?.trace, fence.takeReads());
    const run = await this.#run(group);
    await this.#register(run.register);
    this.#work.stored();
    this.#acknowledge(before);
    await this.#publish(run);
    this.#chain.metrics.committed();
    return run;
  }

  /**
   * Goes on as a new producer after a failure: a register of what was not published must never be
   * confirmed by a later one, for it would hold the watermark back for ever.
   */
  #renew(): void {
    this.#producer = this.#context.world.random.id();
    this.#sequences = new Map();
    this.#index = 0;
    this.#published = -1;
  }

  async #gather(): Promise<Waiting[]> {
    const { options, world } = this.#context;
    if (this.#waiting.length > 1 && this.#waiting.length < options.groupMessagesMax) {
      await world.clock.sleep(options.gatherMs);
    }
    const [first] = this.#waiting;
    const isBack = first?.letter !== undefined;
    const other = this.#waiting.findIndex(({ letter }) => (letter !== undefined) !== isBack);
    const count = other < 0 ? this.#waiting.length : other;
    return this.#waiting.splice(0, Math.min(count, options.groupMessagesMax));
  }

  async #register(register: Register): Promise<void> {
    const { store } = this.#context.world;
    await store.putRegister({ id: registerId(register), text: JSON.stringify(register) });
    // After the register: a tick that ran before it would not see it (I1).
    await this.#context.ticks.ensure();
  }

  /** The register is written anew, so that it can tell how long its group took, too. */
  async #confirm(register: Register, { beganMs }: Unconfirmed): Promise<void> {
    this.#work.ended(beganMs);
    const metrics = this.#work.ofConfirmation(register);
    const confirmed = { ...register, confirmed: this.#published, metrics };
    const { store } = this.#context.world;
    await store.replaceRegister({ id: registerId(register), text: JSON.stringify(confirmed) });
    this.#work.stored();
  }

  async #publish(group: Group): Promise<void> {
    const { clock, store } = this.#context.world;
    if (group.documents.length > 0) await store.writeDocuments(group.documents);
    const refused = await sendGroup(group.messages, this.#context);
    for (const { error, atMs } of refused) this.#chain.failures.note(error, atMs, true);
    const late = recordsOf(refused, [], clock.nowMs());
    // After what they gave: a letter that is closed is not taken again.
    const letters = [...group.letters, ...late];
    if (letters.length > 0) await store.putDeadLetters(letters);
    if (late.length > 0) {
      // The register has told of the group's own already, and of the commit that these share with them.
      const commits = group.letters.length > 0 ? 0 : 1;
      this.#work.did({ commits, documentsRead: late.length, documentsWritten: late.length });
    }
    this.#published = group.register.index;
  }

  async #run(group: readonly Waiting[]): Promise<Group> {
    const { program, world } = this.#context;
    const { outputs, dead, letters, observed } = await this.#runs.run(group);
    const sends: PlannedSend[] = [];
    const messages: OutgoingMessage[] = [];
    for (const bundle of outputs.bundles) {
      const { stage, shard, minTime, count } = bundle;
      const sequence = this.#nextSequence(`${stage}/${shard}`);
      sends.push([stage, shard, sequence, minTime]);
      const { hash: plan } = program.plan;
      const head = { plan, producer: this.#producer, sequence, stage, shard, minTime, count };
      const text = bundleText(head, `{"kind":"elements","windows":${bundle.windowsText}}`);
      const topic = program.mailboxOf(stage);
      messages.push(messageOf({ kind: "bundle", topic, key: String(shard), text }));
    }
    for (const { topic, key: orderingKey, data, attributes, id } of outputs.messages) {
      const marked = { ...attributes, "tidemark-id": id ?? "" };
      messages.push({ topic, orderingKey, data, attributes: marked });
    }
    messages.push(...messagesOf(program.plan.deadLetterTopic, dead));
    const user = storedMetrics(undefined, this.#chain.metrics.uncommitted);
    // What comes back was counted when it came.
    const taken = group.flatMap(({ message, letter }) => (letter === undefined ? [message] : []));
    const register: Register = {
      stage: program.stage.id,
      plan: program.plan.hash,
      producer: this.#producer,
      index: this.#index++,
      confirmed: this.#published,
      sends,
      observed,
      metrics: {
        messages: taken.length,
        elementsOut: outputs.elements,
        deadLetters: dead.length,
        ...(user !== undefined && { user }),
        work: this.#work.ofGroup({ messages: taken, outputs, published: messages, letters }),
      },
      atMs: world.clock.nowMs(),
    };
    const { documents, finalizers } = outputs;
    return { register, messages, documents, letters, finalizers };
  }

  #nextSequence(target: string): number {
    const sequence = this.#sequences.get(target) ?? 0;
    this.#sequences.set(target, sequence + 1);
    return sequence;
  }
}
