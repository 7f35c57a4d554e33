/**
 * Send: messages to topics of the mesh and of sinks, apart where a sink does not take them.
 *
 * Owns: which messages a sink refuses, found in few calls. Does not own: how often it is tried
 * (flush.ts, ingest.ts), or what becomes of what is refused.
 *
 * SE1. A topic of the mesh itself is never given up: what it does not take now is sent again.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { Mailboxes, OutgoingMessage } from "./ports.ts";

/** Messages that a sink did not take, each with the reason. */
export type Unsent = ReadonlyMap<OutgoingMessage, MeshError>;

const NONE: Unsent = new Map();

/** Returns what tells topics of sinks from those of the mesh. */
export function sinkTopics({ stages, deadLetterTopic }: MeshPlan): (topic: string) => boolean {
  const own = new Set([deadLetterTopic, ...stages.flatMap(({ mailbox }) => mailbox ?? [])]);
  return (topic) => !own.has(topic);
}

/**
 * Publishes messages; returns those that a sink refuses for good.
 *
 * @param isLast - returns those as well that a sink does not take for now
 * @throws ERR_UNAVAILABLE if a topic did not take its messages for now
 */
export async function sendAll(
  messages: readonly OutgoingMessage[],
  mailboxes: Mailboxes,
  isSink: (topic: string) => boolean,
  isLast: boolean,
): Promise<Unsent> {
  if (messages.length === 0) return NONE;
  try {
    await mailboxes.publish(messages);
    return NONE;
  } catch (error) {
    const isApart = isRefusal(error) || isLast;
    if (!isApart || !messages.some(({ topic }) => isSink(topic))) throw passing(error);
  }
  const own = messages.filter(({ topic }) => !isSink(topic));
  await sendOwn(own, mailboxes);
  const unsent = new Map<OutgoingMessage, MeshError>();
  const sinks = messages.filter(({ topic }) => isSink(topic));
  for (const ofTopic of Map.groupBy(sinks, ({ topic }) => topic).values()) {
    await sendTo(ofTopic, mailboxes, unsent, true);
  }
  if (isLast) return unsent;
  for (const error of unsent.values()) if (!isRefusal(error)) throw error;
  return unsent;
}

/**
 * Publishes to topics of the mesh itself (SE1).
 *
 * @throws ERR_UNAVAILABLE if a topic did not take its messages, for whatever reason
 */
export async function sendOwn(
  messages: readonly OutgoingMessage[],
  mailboxes: Mailboxes,
): Promise<void> {
  try {
    if (messages.length > 0) await mailboxes.publish(messages);
  } catch (error) {
    throw passing(error);
  }
}

/** Publishes to one topic, by halves where it refuses. */
async function sendTo(
  messages: readonly OutgoingMessage[],
  mailboxes: Mailboxes,
  unsent: Map<OutgoingMessage, MeshError>,
  isFirst: boolean,
): Promise<void> {
  try {
    await mailboxes.publish(messages);
    return;
  } catch (error) {
    if (!isMeshError(error)) throw error;
    const isWhole =
      messages.length === 1 ||
      !isRefusal(error) ||
      (isFirst && (await refusesAnything(messages, mailboxes)));
    if (isWhole) {
      for (const message of messages) unsent.set(message, error);
      return;
    }
  }
  const middle = Math.ceil(messages.length / 2);
  await sendTo(messages.slice(0, middle), mailboxes, unsent, false);
  await sendTo(messages.slice(middle), mailboxes, unsent, false);
}

/** Whether it is the topic and not a message: then it refuses the smallest one too. */
async function refusesAnything(
  messages: readonly OutgoingMessage[],
  mailboxes: Mailboxes,
): Promise<boolean> {
  const smallest = messages.reduce((a, b) => (b.data.length < a.data.length ? b : a));
  try {
    await mailboxes.publish([smallest]);
    return false;
  } catch (error) {
    return isRefusal(error);
  }
}

/** Whether a sink will not take it, however often it is asked. */
export function isRefusal(error: unknown): boolean {
  return isMeshError(error) && error.code === "ERR_SINK";
}

/** SE1: to the mesh's own topics nothing is ever refused for good. */
function passing(error: unknown): unknown {
  if (!isMeshError(error) || !isRefusal(error)) return error;
  return new MeshError("ERR_UNAVAILABLE", error.message, { cause: error });
}
