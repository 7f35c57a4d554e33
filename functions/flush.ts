/**
 * Flush: a shard's outbox on its way out, until all of it is sent or set aside.
 *
 * Owns: how often a sink that refuses is asked again, and when it is given up. Does not own: what an
 * entry says (outbox.ts), or the commit (activation.ts).
 * Place on the data's way: after the commit, before the acknowledgement.
 *
 * A3. What a sink refuses for good leaves the outbox in the commit that puts its dead letter there:
 *     each entry is in an outbox until it, or its dead letter, is known to be sent.
 * FL1. A refusal that may pass keeps the shard waiting while the job runs. When the deadline of a
 *      drain has passed it is a refusal for good.
 */
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { deadLetterAttributes, encodeDeadLetter } from "./dead-letter.ts";
import type { Job } from "./job.ts";
import type { Failures } from "./metrics/failures.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import { messageOf, type OutboxEntry } from "./outbox.ts";
import type { Log, OutgoingMessage, World } from "./ports.ts";
import type { Program } from "./program.ts";
import { isRefusal, sendAll, sinkTopics } from "./send.ts";
import type { Shard } from "./shard.ts";

/** What a flush works with. */
export interface FlushContext {
  readonly program: Program;
  readonly world: World;
  readonly options: EngineOptions;
  /** Takes what sinks refuse. */
  readonly failures: Failures;
  readonly log: Log;
}

/** An entry that its sink did not take. */
interface Refused {
  readonly entry: OutboxEntry;
  readonly error: MeshError;
}

/** Dead letters of one commit: each stands for about as much in the outbox that it replaces. */
const LETTERS_BYTES_MAX = COMMIT_BYTES_MAX / 3;

/**
 * Sends all of a shard's outbox; afterwards nothing of it is left.
 *
 * @param replace - commits a head with another outbox, which is then the shard's
 * @throws ERR_UNAVAILABLE if it could not be sent for now
 */
export async function flush(
  shard: Shard,
  context: FlushContext,
  replace: (outbox: readonly OutboxEntry[]) => Promise<void>,
): Promise<void> {
  while (shard.unflushed !== undefined) {
    const refused = await sendUntilRefused(shard.unflushed, context);
    if (refused.length === 0) shard.unflushed = undefined;
    else await replace(setAside(refused, shard, context));
  }
}

/** Asks a sink as often as user code is tried; returns what it still refuses. */
async function sendUntilRefused(
  entries: readonly OutboxEntry[],
  context: FlushContext,
): Promise<readonly Refused[]> {
  const { attemptsMax, retryBackoffMs } = context.options;
  for (let attempt = 1, left = entries; ; attempt++) {
    const refused = await sendOrGiveUp(left, context);
    if (refused.length === 0 || attempt >= attemptsMax) return refused;
    if (refused.some(({ error }) => !isRefusal(error))) return refused; // Given up.
    left = refused.map(({ entry }) => entry);
    await context.world.clock.sleep(retryBackoffMs * 2 ** (attempt - 1));
  }
}

async function sendOrGiveUp(
  entries: readonly OutboxEntry[],
  context: FlushContext,
): Promise<readonly Refused[]> {
  try {
    return await send(entries, context, false);
  } catch (error) {
    if (!(await isGivenUp(context))) throw error;
    return send(entries, context, true);
  }
}

/** Whether the deadline of a drain has passed (FL1). */
async function isGivenUp({ world: { store, clock }, log }: FlushContext): Promise<boolean> {
  try {
    const record = await store.readJob();
    if (record === undefined) return false;
    const { state, drainUntilMs } = JSON.parse(record.text) as Job;
    return state === "DRAINING" && drainUntilMs !== undefined && drainUntilMs <= clock.nowMs();
  } catch (error) {
    log("WARNING", "Could not read the job after a flush failed.", { error });
    return false;
  }
}

async function send(
  entries: readonly OutboxEntry[],
  { world, program }: FlushContext,
  isLast: boolean,
): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  const sources = new Map<OutgoingMessage, OutboxEntry>();
  for (const entry of entries) {
    if (entry.kind !== "file") {
      sources.set(messageOf(entry), entry);
      continue;
    }
    try {
      await world.files.write(entry.path, entry.text);
    } catch (error) {
      if (!isRefusal(error) && !isLast) throw error;
      refused.push({ entry, error: sinkError(error) });
    }
  }
  const messages = [...sources.keys()];
  const unsent = await sendAll(messages, world.mailboxes, sinkTopics(program.plan), isLast);
  for (const [message, error] of unsent) {
    const entry = sources.get(message);
    if (entry !== undefined) refused.push({ entry, error });
  }
  return refused;
}

function sinkError(error: unknown): MeshError {
  return isMeshError(error) ? error : new MeshError("ERR_UNAVAILABLE", String(error));
}

/** The outbox that takes the place of one whose other entries are sent: dead letters, and what is left. */
function setAside(
  refused: readonly Refused[],
  shard: Shard,
  { program, world, options, failures }: FlushContext,
): OutboxEntry[] {
  const outbox: OutboxEntry[] = [];
  let bytes = 0;
  for (const { entry, error } of refused) {
    if (bytes > LETTERS_BYTES_MAX) {
      outbox.push(entry); // Its turn comes with the next commit.
      continue;
    }
    const nowMs = world.clock.nowMs();
    const letter = letterOf(entry, error, shard, program, options, nowMs);
    bytes += JSON.stringify(letter).length;
    outbox.push(letter);
    shard.metrics.deadLetters++;
    failures.note(error, nowMs, true);
  }
  return outbox;
}

function letterOf(
  entry: OutboxEntry,
  cause: MeshError,
  shard: Shard,
  { plan }: Program,
  { attemptsMax: attempts }: EngineOptions,
  atMs: number,
): OutboxEntry {
  const error = isRefusal(cause) ? cause : new MeshError("ERR_SINK", cause.message, { cause });
  const { stage, shard: number } = shard.ref;
  const element = entry.kind === "bundle" ? undefined : entry;
  const of = { pipeline: plan.pipeline, stage, shard: number };
  const letter = { ...of, error, attempts, element, atMs };
  const data = Buffer.from(encodeDeadLetter(letter)).toString("base64");
  const attributes = deadLetterAttributes(letter);
  return { kind: "message", topic: plan.deadLetterTopic, key: "", data, attributes };
}
