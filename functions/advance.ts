/**
 * Advance: the message by which the tracker, or the control of a job, tells a shard something.
 *
 * Owns: its content. Does not own: who is told (due.ts, control/quiesce.ts).
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { MAX_TIMESTAMP } from "../sdk/model/time.ts";
import type { DueShard } from "./due.ts";
import { type Envelope, encodeEnvelope, TRACKER } from "./envelope.ts";
import { generationOf, type Job, sideKey, watermarksOf } from "./job.ts";
import { messageOf } from "./outbox.ts";
import type { OutgoingMessage } from "./ports.ts";
import { mailboxOf } from "./program.ts";

/** Returns the message that tells a shard of watermarks, of the time, and what to do. */
export function advanceMessage(
  plan: MeshPlan,
  job: Job,
  { stage, shard, synchronizedMs, drains, proves, pauses }: DueShard,
  nowMs: number,
): OutgoingMessage {
  const told = plan.edges.flatMap(({ from, to, side }) => {
    if (from !== stage && to !== stage) return [];
    return side === undefined ? [to] : [sideKey(to, side)];
  });
  if (!told.includes(stage)) told.push(stage);
  const watermarks = Object.fromEntries(told.map((id) => [id, watermarksOf(job, id)]));
  const envelope: Envelope = {
    plan: plan.hash,
    ...generationOf(job),
    producer: TRACKER,
    sequence: -1,
    stage,
    shard,
    minTime: MAX_TIMESTAMP,
    count: 0,
    body: {
      kind: "advance",
      watermarks,
      nowMs,
      ...(synchronizedMs !== undefined && { synchronizedMs }),
      ...(drains && { drains }),
      ...(proves && { proves }),
      ...(pauses !== undefined && { pauses }),
    },
  };
  const topic = mailboxOf(plan, stage);
  return messageOf({ kind: "bundle", topic, key: String(shard), text: encodeEnvelope(envelope) });
}
