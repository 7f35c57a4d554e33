/**
 * Replay: sends dead letters back to the stages that set them aside.
 *
 * Owns: which can go back, the messages, and the order of the steps. Does not own: that each is taken
 * once, which is its stage's (taking.ts), or who asks (cli/).
 *
 * The order is that of a group commit of ingest:
 *   1. read the letters: only open ones go back, each with the number of its next attempt;
 *   2. write a register of the bundles for shards, not confirmed: it holds the watermarks where they
 *      are until they have arrived (W3), and is dropped after a while if we end before step 4;
 *   3. publish; 4. confirm the register.
 * No letter is marked here: the stage that takes it closes its record, in the same commit. So whoever
 * ends between two of the steps, or asks twice, loses nothing and doubles nothing: a letter that was
 * not published, or not taken, is still open; and of two messages about one attempt one is taken,
 * even after the shard has forgotten who sent them (DL3).
 *
 * DL5. Elements are on their way to a shard only under a register that is written before.
 */
import { hashKey } from "../../sdk/coders/key-coder.ts";
import type { MeshPlan, StagePlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { type Envelope, encodeEnvelope } from "../envelope.ts";
import type { Job } from "../job.ts";
import { messageOf } from "../outbox.ts";
import type { DeadLetterRecord, OutgoingMessage, World } from "../ports.ts";
import { type PlannedSend, type Register, registerId } from "../register.ts";
import type { Ticks } from "../ticks.ts";
import { decodeJob } from "../tracker.ts";
import { returnMessage } from "./message-letter.ts";
import { type ShardPayload, timeOfPayload } from "./payload.ts";
import { detailOf, summaryOf } from "./record.ts";
import type { LetterAttempt, ReplayedLetter } from "./taking.ts";

/** A letter that did not go back. */
export interface RefusedLetter {
  readonly id: string;
  readonly reason: string;
}

/** What a replay sent. */
export interface ReplayReport {
  readonly sent: readonly LetterAttempt[];
  readonly refused: readonly RefusedLetter[];
}

/** What a replay works with. */
export interface ReplayContext {
  readonly plan: MeshPlan;
  readonly world: Pick<World, "store" | "mailboxes" | "random" | "clock">;
  readonly ticks: Ticks;
}

/** Letters that are read and sent together. */
const LETTERS_MAX = 100;

/** Text of the letters of one bundle, about: each is written to its record again when it is taken. */
const BUNDLE_BYTES_MAX = 400_000;

/**
 * Sends letters back; they are taken soon after.
 *
 * @throws ERR_OPTION if the job has ended, so that no stage would take them
 * @throws ERR_UNAVAILABLE if the store or a topic did not answer: what was sent is not told, asking
 *   again does no harm
 */
export async function replayLetters(
  ids: readonly string[],
  context: ReplayContext,
): Promise<ReplayReport> {
  const job = await context.world.store.readJob();
  if (job === undefined) {
    throw new MeshError("ERR_OPTION", `Pipeline ${context.plan.pipeline} was never launched.`);
  }
  checkReplayable(decodeJob(job.text, context.plan));
  const sent: LetterAttempt[] = [];
  const refused: RefusedLetter[] = [];
  for (let from = 0; from < ids.length; from += LETTERS_MAX) {
    const some = ids.slice(from, from + LETTERS_MAX);
    const records = await context.world.store.readDeadLetters(some);
    const missing = some.filter((id) => !records.some((record) => record.id === id));
    refused.push(...missing.map((id) => ({ id, reason: "There is no such dead letter." })));
    const sorted = sortOut(records, context.plan);
    refused.push(...sorted.refused);
    await publishToSources(sorted.toSources, context);
    for (const [stage, letters] of sorted.toShards) await sendToShards(stage, letters, context);
    sent.push(...sorted.sent);
  }
  return { sent, refused };
}

/**
 * Checks that stages still take messages.
 *
 * @throws ERR_OPTION if they don't
 */
export function checkReplayable({ pipeline, state }: Pick<Job, "pipeline" | "state">): void {
  if (state !== "DONE" && state !== "CANCELLED" && state !== "UPDATING") return;
  const what =
    state === "UPDATING"
      ? "Wait until its update has ended."
      : "Its stages take nothing any more. Launch it again and publish these elements to its source: " +
        "`tidemark dead-letters list --json` and `show --json` give them.";
  throw new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline} is ${state}: nothing is replayed. ${what}`,
  );
}

/**
 * Returns why a letter can't go back, as far as its summary says; undefined if it can.
 */
export function refusalOf(
  record: Pick<DeadLetterRecord, "state" | "stage" | "summary">,
  plan: MeshPlan,
): string | undefined {
  if (record.state !== "open") return "It was replayed already.";
  const stage = plan.stages.find(({ id }) => id === record.stage);
  if (stage === undefined) return `The pipeline has no stage ${record.stage} any more.`;
  if (stage.fingerprint !== summaryOf(record).fingerprint) {
    return `Stage ${record.stage} has other windows, coders or code of its state than when it was set aside.`;
  }
  return undefined;
}

interface ShardLetter extends ReplayedLetter {
  readonly shard: number;
  readonly bytes: number;
}

interface Sorted {
  readonly sent: LetterAttempt[];
  readonly refused: RefusedLetter[];
  readonly toSources: OutgoingMessage[];
  readonly toShards: Map<StagePlan, ShardLetter[]>;
}

function sortOut(records: readonly DeadLetterRecord[], plan: MeshPlan): Sorted {
  const sorted: Sorted = { sent: [], refused: [], toSources: [], toShards: new Map() };
  for (const record of records) {
    const { id, replays, detail } = record;
    const letter = { id, attempt: replays + 1 };
    const { replay: payload } = detailOf(record);
    const told = summaryOf(record);
    const stage = plan.stages.find((each) => each.id === record.stage);
    const refusal = payload.kind === "none" ? payload.reason : undefined;
    const reason = refusalOf(record, plan) ?? refusal;
    if (reason !== undefined) sorted.refused.push({ id, reason });
    if (reason !== undefined || stage === undefined || payload.kind === "none") continue;
    sorted.sent.push(letter);
    if (payload.kind === "message") {
      sorted.toSources.push(returnMessage(stage.ingest?.replay ?? "", { ...letter, payload }));
      continue;
    }
    const letters = sorted.toShards.get(stage) ?? [];
    sorted.toShards.set(stage, letters);
    const shard = shardOf(payload, told.shard ?? 0, stage.shards);
    letters.push({ ...letter, payload, shard, bytes: detail.length });
  }
  return sorted;
}

/** Where its key is now, for the number of shards may have changed; what has no key goes anywhere. */
function shardOf(payload: ShardPayload, before: number, shards: number): number {
  const key = payload.kind === "elements" ? payload.columns.keys?.[0] : undefined;
  return (key === undefined ? before : hashKey(key)) % shards;
}

async function publishToSources(
  messages: readonly OutgoingMessage[],
  { world, ticks }: ReplayContext,
): Promise<void> {
  if (messages.length === 0) return;
  await world.mailboxes.publish(messages);
  await ticks.ensure();
}

async function sendToShards(
  stage: StagePlan,
  letters: readonly ShardLetter[],
  { plan, world, ticks }: ReplayContext,
): Promise<void> {
  const producer = `replay-${world.random.id()}`;
  const next = new Map<number, number>();
  const sends: PlannedSend[] = [];
  const messages: OutgoingMessage[] = [];
  for (const bundle of bundlesOf(letters)) {
    const shard = bundle[0]?.shard ?? 0;
    const sequence = next.get(shard) ?? 0;
    next.set(shard, sequence + 1);
    const minTime = bundle.reduce<Timestamp>(
      (min, { payload }) => earlier(min, timeOfPayload(payload)),
      MAX_TIMESTAMP,
    );
    sends.push([stage.id, shard, sequence, minTime]);
    const envelope: Envelope = {
      plan: plan.hash,
      producer,
      sequence,
      stage: stage.id,
      shard,
      minTime,
      count: bundle.length,
      body: {
        kind: "replay",
        letters: bundle.map(({ id, attempt, payload }) => ({ id, attempt, payload })),
      },
    };
    const text = encodeEnvelope(envelope);
    const topic = stage.mailbox ?? "";
    messages.push(messageOf({ kind: "bundle", topic, key: String(shard), text }));
  }
  const register: Register = {
    stage: stage.id,
    plan: plan.hash,
    producer,
    index: 0,
    confirmed: -1,
    sends,
    observed: undefined,
    metrics: { messages: 0, elementsOut: 0, deadLetters: 0 },
    atMs: world.clock.nowMs(),
  };
  const id = registerId(register);
  await world.store.putRegister({ id, text: JSON.stringify(register) });
  // After the register: a tick that ran before it would not see it (I1).
  await ticks.ensure();
  await world.mailboxes.publish(messages);
  const confirmed = { ...register, confirmed: register.index };
  await world.store.replaceRegister({ id, text: JSON.stringify(confirmed) });
}

/** Letters of one shard each, as many together as a commit takes. */
function bundlesOf(letters: readonly ShardLetter[]): ShardLetter[][] {
  const bundles: ShardLetter[][] = [];
  const newest = new Map<number, { bundle: ShardLetter[]; bytes: number }>();
  for (const letter of letters) {
    const open = newest.get(letter.shard);
    if (open === undefined || open.bytes + letter.bytes > BUNDLE_BYTES_MAX) {
      const bundle = [letter];
      bundles.push(bundle);
      newest.set(letter.shard, { bundle, bytes: letter.bytes });
    } else {
      open.bundle.push(letter);
      open.bytes += letter.bytes;
    }
  }
  return bundles;
}
