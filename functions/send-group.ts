/**
 * Send group: the messages of a group commit, and dead letters of what a sink refuses for good.
 *
 * Owns: how often a refused output is tried. Does not own: which outputs a sink refuses (send.ts), or
 * when their letters are stored (ingest.ts).
 */
import type { MeshError } from "../sdk/model/errors.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { sinkLetter } from "./dead-letters/sink-letter.ts";
import { messagesOf } from "./dead-letters/taking.ts";
import type { EngineOptions } from "./options.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { OutgoingMessage, World } from "./ports.ts";
import type { Program } from "./program.ts";
import { sendAll, sinkTopics } from "./send.ts";

/** What sending works with. */
interface SendContext {
  readonly program: Program;
  readonly world: World;
  readonly options: EngineOptions;
}

/**
 * Publishes; returns the letters of what a sink refused for good, whose messages are published too.
 *
 * @throws ERR_UNAVAILABLE if a topic did not take its messages for now
 */
export async function sendGroup(
  messages: readonly OutgoingMessage[],
  context: SendContext,
): Promise<readonly DeadLetter[]> {
  const { program, world, options } = context;
  const isSink = sinkTopics(program.plan);
  let left = messages;
  let refused: readonly DeadLetter[] = [];
  for (let attempt = 1; ; attempt++) {
    const unsent = await sendAll(left, world.mailboxes, isSink, false);
    if (unsent.size === 0) return refused;
    if (attempt >= options.attemptsMax) {
      refused = [...unsent].map(([message, error]) => refusedLetter(message, error, context));
      left = messagesOf(program.plan.deadLetterTopic, refused);
      continue;
    }
    left = [...unsent.keys()];
    await world.clock.sleep(options.retryBackoffMs * 2 ** (attempt - 1));
  }
}

function refusedLetter(
  { topic, data, orderingKey: key, attributes }: OutgoingMessage,
  error: MeshError,
  { program, world, options }: SendContext,
): DeadLetter {
  const text = Buffer.from(data).toString("base64");
  const entry: OutboxEntry = { kind: "message", topic, key, data: text, attributes };
  const given = attributes["tidemark-id"] ?? world.random.id();
  return sinkLetter(program, {
    id: `${program.stage.id}~${encodeURIComponent(given)}~sink`,
    shard: undefined,
    entry,
    error,
    attempts: options.attemptsMax,
    atMs: world.clock.nowMs(),
  });
}
