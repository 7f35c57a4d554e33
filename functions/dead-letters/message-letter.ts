/**
 * Message letter: the dead letter of a message that a stage without shards, or none, could take.
 *
 * Owns: its id, which follows from the message, so that one which comes again makes no second letter;
 * and the message that brings one back to an ingest stage.
 */
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { DeadLetter } from "../dead-letter.ts";
import type { OutgoingMessage, World } from "../ports.ts";
import type { Program } from "../program.ts";
import { transformOf } from "../user-errors.ts";
import { type MessagePayload, messagePayload } from "./payload.ts";
import type { LetterAttempt } from "./taking.ts";

/** What went wrong with which element of a message. */
export interface MessageFailure {
  readonly index: number;
  readonly error: unknown;
  readonly attempts: number;
}

/** Returns the letter of a message, without its content. */
export function messageLetter(
  program: Program,
  message: SourceMessage,
  { index, error, attempts }: MessageFailure,
  { clock }: Pick<World, "clock">,
  letter?: LetterAttempt,
): DeadLetter {
  const { plan, stage, root } = program;
  const { messageId, attributes } = message;
  return {
    id: letter?.id ?? `${stage.id}~${encodeURIComponent(messageId)}~${index}`,
    pipeline: plan.pipeline,
    plan: plan.hash,
    fingerprint: stage.fingerprint,
    stage: stage.id,
    shard: undefined,
    transform: transformOf(error, root),
    error,
    attempts,
    messageId,
    attributes,
    replay: holdsOneElement(program) ? messagePayload(message) : MANY,
    replays: letter?.attempt ?? 0,
    atMs: clock.nowMs(),
  };
}

/** A source's message on its way back to its stage. */
export interface ReturnedMessage extends LetterAttempt {
  readonly payload: MessagePayload;
}

/** Returns the message for a replay topic. */
export function returnMessage(topic: string, returned: ReturnedMessage): OutgoingMessage {
  const data = Buffer.from(JSON.stringify(returned), "utf8");
  return { topic, orderingKey: "", data, attributes: {} };
}

/**
 * Reads a message of a replay subscription.
 *
 * @throws ERR_DECODE if it is none of ours
 */
export function readReturned(message: SourceMessage): ReturnedMessage {
  let read: Partial<ReturnedMessage>;
  try {
    read = JSON.parse(Buffer.from(message.data).toString("utf8")) as Partial<ReturnedMessage>;
  } catch (cause) {
    throw new MeshError("ERR_DECODE", "A replayed message is not JSON.", { cause });
  }
  const { id, attempt, payload } = read ?? {};
  if (typeof id === "string" && Number.isInteger(attempt) && payload?.kind === "message") {
    return read as ReturnedMessage;
  }
  throw new MeshError("ERR_DECODE", "A replayed message names no dead letter.");
}

const MANY = {
  kind: "none",
  reason: "A test stream's message holds several elements, and the others were taken.",
} as const;

/** Where a message holds several elements, sending it again would give the good ones twice. */
function holdsOneElement({ root }: Program): boolean {
  return root.kind === "source" && root.source.type !== "test";
}
