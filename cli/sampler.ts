/**
 * Sampler: elements on their way to a stage, looked at beside the engine.
 *
 * Owns: a subscription of its own on the stage's topic, and what its messages hold. The stage's own
 * subscription is not touched: every element still comes to it, once.
 *
 * SA1. The subscription is deleted in the end, whatever happens; should the process be killed, Pub/Sub
 *      deletes it after a day.
 */
import { randomBytes } from "node:crypto";
import { type Message, PubSub } from "@google-cloud/pubsub";
import { decodeEnvelope, type WindowColumns } from "../functions/envelope.ts";
import { unavailable } from "../functions/gcp/grpc-errors.ts";
import { decodePane } from "../functions/pane-tracker.ts";
import { decodeKey } from "../sdk/coders/key-coder.ts";
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { formatTimestamp } from "../sdk/model/time.ts";
import { isGlobalWindow, maxTimestamp, parseWindowKey } from "../sdk/model/window.ts";

/** An element, or a source's message, on its way to a stage. */
export interface SampledElement {
  /** Undefined for a source's message: its event time is found when it is read. */
  readonly eventTime?: string;
  readonly window?: "global" | { readonly start: string; readonly end: string };
  readonly pane?: string;
  /** Name of the side input that it goes to. */
  readonly side?: string;
  readonly shard?: number;
  readonly key?: unknown;
  /** As it is encoded, which for combines is an accumulator; a message's JSON, or its text. */
  readonly value: unknown;
  /** A source's message. */
  readonly messageId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** How a sample is taken. */
export interface SampleInput {
  readonly project: string;
  readonly plan: MeshPlan;
  readonly stage: StagePlan;
  readonly countMax: number;
  readonly durationMs: number;
  /** Ends the sample before its time. */
  readonly stopped: Promise<unknown>;
  readonly onElement: (element: SampledElement) => void;
}

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = 600;

/**
 * Hands on elements as they come, until there are enough, or the time is over.
 *
 * @returns how many there were
 * @throws ERR_UNAVAILABLE if Pub/Sub does not answer, or refuses
 */
export async function sampleStage(input: SampleInput): Promise<number> {
  const pubsub = new PubSub({ projectId: input.project });
  const name = `tm-sample-${input.stage.id}-${randomBytes(6).toString("hex")}`;
  try {
    const topic = await topicOf(pubsub, input.stage);
    const [subscription] = await pubsub.topic(topic).createSubscription(name, {
      expirationPolicy: { ttl: { seconds: DAY_SECONDS } },
      messageRetentionDuration: { seconds: RETENTION_SECONDS },
      ackDeadlineSeconds: 10,
    });
    try {
      return await take(subscription, input);
    } finally {
      await subscription.close();
      await subscription.delete();
    }
  } catch (error) {
    throw unavailable(`take a sample of ${input.stage.id}`, error);
  } finally {
    await pubsub.close();
  }
}

/** The stage's mailbox, or its source's topic, also where only a subscription of it is known. */
async function topicOf(pubsub: PubSub, { mailbox, ingest }: StagePlan): Promise<string> {
  const known = mailbox ?? ingest?.topic;
  if (known !== undefined) return known;
  const [{ topic }] = await pubsub.subscription(ingest?.subscription ?? "").getMetadata();
  return topic ?? "";
}

function take(
  subscription: ReturnType<PubSub["subscription"]>,
  { plan, stage, countMax, durationMs, stopped, onElement }: SampleInput,
): Promise<number> {
  let count = 0;
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(count);
    const timer = setTimeout(end, durationMs);
    void stopped.then(end);
    subscription.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    subscription.on("message", (message) => {
      message.ack();
      for (const element of elementsOf(message, plan, stage)) {
        if (count >= countMax) break;
        count++;
        onElement(element);
      }
      if (count < countMax) return;
      clearTimeout(timer);
      end();
    });
  });
}

function elementsOf(message: Message, plan: MeshPlan, stage: StagePlan): SampledElement[] {
  if (stage.mailbox === undefined) return [sourceMessage(message)];
  const { body, shard } = decodeEnvelope(message.data, plan.hash);
  if (body.kind !== "elements") return [];
  return body.windows.flatMap((columns) => windowElements(columns, shard));
}

/** The key, or its canonical text where JSON can't hold it, as a bigint. */
function keyJson(text: string): unknown {
  const key = decodeKey(text);
  try {
    return JSON.stringify(key) === undefined ? text : key;
  } catch {
    return text;
  }
}

function sourceMessage({ data, id, attributes }: Message): SampledElement {
  const text = data.toString("utf8");
  try {
    return { messageId: id, attributes, value: JSON.parse(text) };
  } catch {
    return { messageId: id, attributes, value: text }; // No JSON: the source may decode it itself.
  }
}

function windowElements(columns: WindowColumns, shard: number): SampledElement[] {
  const { keys, values, times, side } = columns;
  const window = parseWindowKey(columns.window);
  const end = maxTimestamp(window);
  const pane = decodePane(columns.pane);
  return values.map((value, i) => {
    const key = keys?.[i];
    return {
      eventTime: formatTimestamp(times?.[i] ?? end),
      window: isGlobalWindow(window)
        ? "global"
        : {
            start: new Date(window.start).toISOString(),
            end: new Date(window.end).toISOString(),
          },
      ...(columns.pane !== undefined && { pane: pane.timing }),
      ...(side !== undefined && { side }),
      shard,
      ...(key !== undefined && { key: keyJson(key) }),
      value,
    };
  });
}
