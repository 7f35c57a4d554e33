/**
 * Stage handler: one stage on one instance, as a function takes its messages.
 *
 * Owns: which actor a message is for, and that one shard runs one activation at a time here.
 * Does not own: HTTP (gcp/), the protocol of an activation (activation.ts) or ingest (ingest.ts).
 * Place on the data's way: the first code of the engine that a delivered message meets.
 *
 * T1. `deliver` resolves when the message may be acknowledged, and rejects when it must come again.
 * T2. Messages of one shard that wait together are taken by one activation.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import type { SourceMessage } from "../sdk/io/source-spec.ts";
import type { AnySplittable } from "../sdk/io/splittable/splittable.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { type GraphNode, type PipelineGraph, splittableOf } from "../sdk/model/graph.ts";
import { type ActivationContext, ShardActivations } from "./activation.ts";
import type { Connectors } from "./connectors/connectors.ts";
import { messageLetter } from "./dead-letters/message-letter.ts";
import { messagesOf, recordsOf } from "./dead-letters/taking.ts";
import { decodeEnvelope, type Envelope } from "./envelope.ts";
import { checkFits } from "./envelope-check.ts";
import { Fence, idleMsMax, type Translate } from "./fence.ts";
import { Ingest } from "./ingest.ts";
import type { TraceContext } from "./log-context.ts";
import type { EngineOptions } from "./options.ts";
import type { World } from "./ports.ts";
import { type Program, programOf } from "./program.ts";
import { sendOwn } from "./send.ts";
import { Ticks } from "./ticks.ts";

/** One stage on one instance. */
export interface StageHandler {
  /** Takes a message of the stage's subscription (T1); `trace` is its request's. */
  deliver(message: SourceMessage, trace?: TraceContext): Promise<void>;
  /** Takes a message of an ingest stage's replay subscription (T1). */
  replay(message: SourceMessage): Promise<void>;
  /** Calls the DoFns' teardown. */
  teardown(): Promise<void>;
}

/** What a stage is made of. */
export interface StageInput {
  readonly graph: PipelineGraph;
  readonly plan: MeshPlan;
  readonly stage: string;
  readonly world: World;
  readonly options: EngineOptions;
  readonly connectors: Connectors;
}

/** Messages of one shard that one activation takes at most. */
const MESSAGES_OF_ACTIVATION_MAX = 16;

/**
 * Returns the handler of a stage.
 *
 * @throws ERR_PLAN_MISMATCH if graph and plan do not belong together
 */
export function createStage(input: StageInput): StageHandler {
  const { graph, plan, world, options } = input;
  const program = programOf(graph, plan, input.stage);
  const ticks = ticksOf(plan, world, options);
  const fence = new Fence(plan, world.store, world.clock, idleMsMax(options));
  const { root } = program;
  if (program.stage.kind === "ingest") {
    const ingest = new Ingest({ program, world, options, ticks, fence });
    return {
      deliver: (message, trace) => ingest.take(message, trace),
      replay: (message) => ingest.takeBack(message),
      teardown: () => ingest.teardown(),
    };
  }
  const source = readOf(root, input.connectors);
  return new ShardStage({ program, world, options, ticks, fence, source });
}

/** Returns the ticks of a plan's job. */
export function ticksOf(plan: MeshPlan, world: World, options: EngineOptions): Ticks {
  return new Ticks(world.wakeups, world.clock, `${plan.pipeline}-${plan.hash}`, options);
}

/** The splittable read that begins a stage: the author's own, or a connector's. */
function readOf(root: GraphNode, connectors: Connectors): AnySplittable | undefined {
  const own = splittableOf(root);
  if (own !== undefined || root.kind !== "source") return own;
  const read = connectors[root.source.type]?.(root.source);
  if (read !== undefined) return read;
  const { type } = root.source;
  throw new MeshError("ERR_INVARIANT", `This bundle holds no connector that reads "${type}".`);
}

/** Whether a message is for another stage that takes messages of the mesh. */
function isOther(stage: string, { plan, stage: own }: Program): boolean {
  return (
    stage !== own.id && plan.stages.some(({ id, mailbox }) => id === stage && mailbox !== undefined)
  );
}

interface Waiting {
  readonly open: () => Envelope;
  readonly publishedMs: number;
  readonly trace: TraceContext | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface ShardQueue {
  readonly activations: ShardActivations;
  waiting: Waiting[];
  isRunning: boolean;
}

class ShardStage implements StageHandler {
  readonly #context: ActivationContext;
  readonly #queues = new Map<number, ShardQueue>();

  constructor(context: ActivationContext) {
    this.#context = context;
  }

  async deliver(message: SourceMessage, trace?: TraceContext): Promise<void> {
    const { program } = this.#context;
    let decoded: Envelope | undefined;
    let translate: Translate | undefined;
    const open = (): Envelope => {
      const envelope = decoded ?? decodeEnvelope(message.data);
      decoded = undefined; // Given away: the next attempt decodes anew.
      return translate?.(envelope) ?? envelope;
    };
    let shard: number;
    try {
      decoded = decodeEnvelope(message.data);
      if (decoded.plan !== program.plan.hash) {
        translate = await this.#context.fence.admit(decoded);
        if (translate === undefined) return;
      }
      const { stage, shard: own } = translate?.(decoded) ?? decoded;
      if (isOther(stage, program)) return await this.#passOn(message, stage, own);
      checkFits(translate?.(decoded) ?? decoded, program);
      shard = own;
    } catch (error) {
      if (!isMeshError(error) || error.disposition !== "dead-letter") throw error;
      await this.#setAside(message, error);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const queue = this.#queueOf(shard);
      const publishedMs = Date.parse(message.publishTime);
      queue.waiting.push({ open, publishedMs, trace, resolve, reject });
      if (!queue.isRunning) void this.#pump(queue);
    });
  }

  /** Dead letters of a shard come back through its mailbox. */
  async replay(): Promise<void> {
    const { id } = this.#context.program.stage;
    throw new MeshError("ERR_INVARIANT", `Stage ${id} has no replay subscription.`);
  }

  async teardown(): Promise<void> {
    for (const { activations } of this.#queues.values()) await activations.teardown();
  }

  #queueOf(shard: number): ShardQueue {
    let queue = this.#queues.get(shard);
    if (queue === undefined) {
      const ref = { stage: this.#context.program.stage.id, shard };
      queue = {
        activations: new ShardActivations(ref, this.#context),
        waiting: [],
        isRunning: false,
      };
      this.#queues.set(shard, queue);
    }
    return queue;
  }

  /** Runs activations until nobody waits. Never rejects: who waits is told. */
  async #pump(queue: ShardQueue): Promise<void> {
    queue.isRunning = true;
    while (queue.waiting.length > 0) {
      const taken = queue.waiting.splice(0, MESSAGES_OF_ACTIVATION_MAX);
      try {
        await queue.activations.activate(
          taken.map(({ open }) => open),
          { publishedMs: taken.map(({ publishedMs }) => publishedMs), trace: taken[0]?.trace },
        );
        for (const { resolve } of taken) resolve();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    queue.isRunning = false;
  }

  /** Of two stages that an update gave each other's names: the message is the other one's. */
  async #passOn({ data }: SourceMessage, stage: string, shard: number): Promise<void> {
    const { program, world } = this.#context;
    const topic = program.mailboxOf(stage);
    const message = { topic, orderingKey: String(shard), data, attributes: {} };
    await sendOwn([message], world.mailboxes);
  }

  async #setAside(message: SourceMessage, error: unknown): Promise<void> {
    const { program, world } = this.#context;
    const letter = messageLetter(program, message, { index: 0, error, attempts: 1 }, world);
    world.log("ERROR", "A mailbox message became a dead letter.", {
      pipeline: program.plan.pipeline,
      plan: program.plan.hash,
      stage: program.stage.id,
      messageId: message.messageId,
      code: isMeshError(error) ? error.code : undefined,
    });
    const reason = "A message of the mailbox that is none of the mesh's: nobody knows what it is.";
    const replay = { kind: "none", reason } as const;
    const dead = [{ ...letter, data: message.data, replay }];
    await sendOwn(messagesOf(program.plan.deadLetterTopic, dead), world.mailboxes);
    await world.store.putDeadLetters(recordsOf(dead, [], letter.atMs));
  }
}
