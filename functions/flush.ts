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
import type { DeadLetter } from "./dead-letter.ts";
import { recordBytes, recordOf } from "./dead-letters/record.ts";
import { sinkLetter } from "./dead-letters/sink-letter.ts";
import type { Job } from "./job.ts";
import type { Failures } from "./metrics/failures.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import { messageOf, type OutboxEntry } from "./outbox.ts";
import type { Log, OutgoingMessage, World } from "./ports.ts";
import type { Program } from "./program.ts";
import { isRefusal, sendAll, sinkTopics } from "./send.ts";
import type { Shard } from "./shard.ts";
import { letterEntries, letterId } from "./step-outbox.ts";

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
 * @param replace - commits a head with another outbox, which is then the shard's, and its dead letters
 * @throws ERR_UNAVAILABLE if it could not be sent for now
 */
export async function flush(
  shard: Shard,
  context: FlushContext,
  replace: (outbox: readonly OutboxEntry[], dead: readonly DeadLetter[]) => Promise<void>,
): Promise<void> {
  while (shard.unflushed !== undefined) {
    const refused = await sendUntilRefused(shard.unflushed, context);
    if (refused.length === 0) {
      shard.unflushed = undefined;
      continue;
    }
    const { outbox, dead } = setAside(refused, shard, context);
    await replace(outbox, dead);
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
  context: FlushContext,
): { readonly outbox: OutboxEntry[]; readonly dead: DeadLetter[] } {
  const { program, world, failures } = context;
  const outbox: OutboxEntry[] = [];
  const dead: DeadLetter[] = [];
  let bytes = 0;
  for (const [i, each] of refused.entries()) {
    const { entry, error } = each;
    if (bytes > LETTERS_BYTES_MAX) {
      outbox.push(entry); // Its turn comes with the next commit.
      continue;
    }
    const letter = letterOf(each, i, shard, context);
    const messages = letterEntries(program.plan.deadLetterTopic, [letter]);
    bytes += JSON.stringify(messages).length + recordBytes(recordOf(letter));
    dead.push(letter);
    outbox.push(...messages);
    shard.metrics.deadLetters++;
    failures.note(error, world.clock.nowMs(), true);
  }
  return { outbox, dead };
}

/** A bundle, which no sink refuses, is never one of these. */
function letterOf(
  { entry, error: cause }: Refused,
  index: number,
  shard: Shard,
  { program, options, world }: FlushContext,
): DeadLetter {
  const error = isRefusal(cause) ? cause : new MeshError("ERR_SINK", cause.message, { cause });
  const { attemptsMax: attempts } = options;
  const id = letterId(shard, `s${index}`);
  const atMs = world.clock.nowMs();
  return sinkLetter(program, { id, shard: shard.ref.shard, entry, error, attempts, atMs });
}
