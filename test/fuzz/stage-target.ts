/**
 * Stage target: the function of each stage, as a push reaches it, and what it does with broken ones.
 *
 * Owns: what counts as sound. Does not own: the inputs (mutations.ts, fuzz-run.ts).
 *
 * FZ1. An input is answered within HANG_MS: with 204 if it was taken or became a dead letter that holds
 *      it, with 4xx if it is no push, with 500 only if it names another plan.
 * FZ2. After any input the shard takes a sound message, also on an instance that opens it anew, and
 *      its messages to itself come to an end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import { ALL_CONNECTORS } from "../../functions/connectors/all.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "../../functions/envelope.ts";
import { checkFits } from "../../functions/envelope-check.ts";
import type { FunctionRequest } from "../../functions/gcp/http-answer.ts";
import { pushFunction } from "../../functions/gcp/stage-function.ts";
import { launch } from "../../functions/launch.ts";
import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import type { OutgoingMessage } from "../../functions/ports.ts";
import { type Program, programOf } from "../../functions/program.ts";
import { createStage, ticksOf } from "../../functions/stage-handler.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import { MAX_TIMESTAMP } from "../../sdk/model/time.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { type UnitWorld, unitWorld } from "../support/builders.ts";
import type { FuzzEvent } from "./pipeline.ts";

const HANG_MS = 10_000;
const SELF_MESSAGES_MAX = 500;
const EVENTS = 60;

/** Quick attempts: what can't be mended is not waited for. */
const OPTIONS = { ...DEFAULT_OPTIONS, retryBackoffMs: 0, gatherMs: 0, bundleElementsMax: 10 };

/** As much of a dead letter as is looked at. */
interface Letter {
  readonly data?: string;
  readonly element?: unknown;
}

/** What came of one input: `taken`, `dead letter`, `400` …; or what is wrong. */
export type Answer = { readonly kind: string } | { readonly fault: string };

/** One stage, with messages that it takes. */
export class StageTarget {
  readonly name: string;
  /** Sound messages of its mailbox or topic. */
  readonly samples: readonly Uint8Array[];
  readonly #pipeline: Pipeline;
  readonly #program: Program;
  #unit: UnitWorld = unitWorld();
  #handle = this.#newInstance.bind(this);
  #function: ReturnType<typeof pushFunction> | undefined;
  #nextId = 0;

  private constructor(pipeline: Pipeline, stage: string, samples: readonly Uint8Array[]) {
    this.name = stage;
    this.samples = samples;
    this.#pipeline = pipeline;
    this.#program = programOf(pipeline.graph, compile(pipeline), stage);
  }

  /** Runs a pipeline in memory, and returns a target for each stage with the messages it got. */
  static async all(pipeline: Pipeline): Promise<StageTarget[]> {
    const samples = new Map<string, Uint8Array[]>();
    const mesh = new MemoryMesh(pipeline, {
      isVirtualOnly: true,
      wrapDeliver: (deliver, stage) => (message) => {
        samples.set(stage, [...(samples.get(stage) ?? []), message.data]);
        return deliver(message);
      },
    });
    await mesh.launch();
    await mesh.publish("events", soundEvents());
    await mesh.run();
    await mesh.drain();
    await mesh.run();
    await mesh.stop();
    return mesh.plan.stages.map(({ id }) => new StageTarget(pipeline, id, samples.get(id) ?? []));
  }

  /** Begins anew: an empty world, and an instance that knows nothing. */
  async reset(): Promise<void> {
    this.#unit = unitWorld();
    const { world } = this.#unit;
    const { plan } = this.#program;
    const nowhere = { queue: "", trackerUrl: "", endpoints: {} };
    const deployment = { plan, compile: {}, options: OPTIONS, ...nowhere };
    await launch(deployment, world, ticksOf(plan, world, OPTIONS));
    this.#function = this.#handle();
  }

  /** Gives the stage a push body (FZ1). */
  async push(body: unknown, headers: FunctionRequest["headers"] = {}): Promise<Answer> {
    const before = this.#unit.published.length;
    const { code, text } = await this.#call({ method: "POST", headers, body });
    if (code === "hang") return { fault: `no answer in ${HANG_MS} ms` };
    if (code === "500") {
      const isOther = text.startsWith("A bundle of plan");
      return isOther ? { kind: "500 another plan" } : { fault: `500: ${text.slice(0, 200)}` };
    }
    if (code !== "204") return { kind: code };
    return this.#accountFor(body, this.#unit.published.slice(before));
  }

  /** Checks that the stage still takes sound messages (FZ2); returns what is wrong, if anything. */
  async check(): Promise<string | undefined> {
    for (const isAnew of [false, true]) {
      if (isAnew) this.#function = this.#handle();
      for (const sample of this.samples.slice(0, 3)) {
        const answer = await this.push(this.bodyOf(this.#renumbered(sample)));
        if ("fault" in answer) return `a sound message: ${answer.fault}`;
        if (answer.kind !== "taken") return `a sound message: ${answer.kind}`;
      }
    }
    return this.#program.stage.kind === "ingest" ? undefined : this.#finish();
  }

  /** Returns the push body of a message. */
  bodyOf(data: Uint8Array): { message: Record<string, unknown>; subscription: string } {
    const message = {
      data: Buffer.from(data).toString("base64"),
      messageId: `m${this.#nextId++}`,
      publishTime: new Date(0).toISOString(),
      attributes: { origin: "fuzz" },
      orderingKey: "0",
    };
    return { message, subscription: "projects/p/subscriptions/s" };
  }

  #newInstance(): ReturnType<typeof pushFunction> {
    const { plan } = this.#program;
    const { graph } = this.#pipeline;
    const { world } = this.#unit;
    const connectors = ALL_CONNECTORS;
    const input = { graph, plan, stage: this.name, world, options: OPTIONS, connectors };
    const handler = createStage(input);
    const deliver = (message: SourceMessage): Promise<void> => handler.deliver(message);
    const [anybody, nobody] = [async () => {}, () => {}];
    return pushFunction(deliver, anybody, nobody);
  }

  async #call(request: FunctionRequest): Promise<{ code: string; text: string }> {
    let code = 0;
    let text = "";
    const response = {
      status(given: number) {
        code = given;
        return response;
      },
      send(given = "") {
        text = given;
      },
    };
    const hang = new AbortController();
    const called = this.#function?.(request, response).then(() => hang.abort());
    const waited = sleep(HANG_MS, undefined, { signal: hang.signal, ref: false }).catch(() => {});
    await Promise.race([called, waited]);
    return { code: code === 0 ? "hang" : String(code), text };
  }

  /** Whether what was acknowledged was taken, or is in a dead letter. */
  #accountFor(body: unknown, published: readonly OutgoingMessage[]): Answer {
    const { data = "" } = (body as { message: { data?: string } }).message;
    const bytes = Buffer.from(data, "base64");
    const { deadLetterTopic } = this.#program.plan;
    const letters = published
      .filter(({ topic }) => topic === deadLetterTopic)
      .map((letter) => JSON.parse(Buffer.from(letter.data).toString("utf8")) as Letter);
    if (this.#isTaken(bytes, published.length - letters.length)) {
      return { kind: letters.length > 0 ? "taken, with dead letters" : "taken" };
    }
    const isWhole = letters.some((letter) => letter.data === data || isElement(letter, bytes));
    return isWhole ? { kind: "dead letter" } : { fault: "lost: acknowledged, in no dead letter" };
  }

  /** An ingest stage publishes what it takes; a shard takes every envelope that fits it. */
  #isTaken(data: Uint8Array, messages: number): boolean {
    if (this.#program.stage.kind === "ingest") return messages > 0;
    try {
      checkFits(decodeEnvelope(data, this.#program.plan.hash), this.#program);
      return true;
    } catch (error) {
      if (isMeshError(error)) return false;
      throw error;
    }
  }

  /** The same message as of a producer that nobody has heard of. */
  #renumbered(sample: Uint8Array): Uint8Array {
    if (this.#program.stage.kind === "ingest") return sample;
    const envelope = decodeEnvelope(sample, this.#program.plan.hash);
    const producer = `witness${this.#nextId++}`;
    return Buffer.from(encodeEnvelope({ ...envelope, producer, sequence: 0 }));
  }

  /** Brings event time to its end, and all that the stage sends itself. */
  async #finish(): Promise<string | undefined> {
    const { plan, stage } = this.#program;
    const end = [MAX_TIMESTAMP, MAX_TIMESTAMP] as const;
    const watermarks = Object.fromEntries(plan.stages.map(({ id }) => [id, end]));
    let seen = this.#unit.published.length;
    for (let shard = 0; shard < stage.shards; shard++) {
      const advance = { kind: "advance", watermarks, nowMs: 8.64e14 } as const;
      const head = { plan: plan.hash, producer: "tracker", sequence: -1, stage: stage.id, shard };
      const envelope: Envelope = { ...head, minTime: MAX_TIMESTAMP, count: 0, body: advance };
      const answer = await this.push(this.bodyOf(Buffer.from(encodeEnvelope(envelope))));
      if ("fault" in answer) return `the end of time: ${answer.fault}`;
    }
    for (let i = 0; seen < this.#unit.published.length; seen++) {
      const message = this.#unit.published[seen];
      if (message?.topic !== stage.mailbox) continue;
      if (i++ > SELF_MESSAGES_MAX) return "its messages to itself don't come to an end";
      const answer = await this.push(this.bodyOf(message?.data ?? new Uint8Array()));
      if ("fault" in answer) return `a message to itself: ${answer.fault}`;
    }
    return undefined;
  }
}

function soundEvents(): { readonly data: string }[] {
  const random = seededRandom(5);
  const below = (limit: number): number => Math.floor(random.fraction() * limit);
  return Array.from({ length: EVENTS }, (_, i) => {
    const event: FuzzEvent = {
      key: `k${below(9)}`,
      at: i * 3_000,
      n: below(100),
      tags: ["a", "b"],
    };
    return { data: JSON.stringify(event) };
  });
}

/** Whether a letter holds the element that a message is. */
function isElement({ element }: Letter, data: Uint8Array): boolean {
  return element !== undefined && isDeepStrictEqual(element, JSON.parse(String(data)));
}
