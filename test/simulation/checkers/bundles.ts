/**
 * Bundles: what a mailbox message says of itself, read by checkers.
 */
import { inflateSync } from "node:zlib";
import type { Envelope } from "../../../functions/envelope.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";

/** Returns the envelope in a message's data; undefined if it is not for a mailbox. */
export function envelopeIn(plan: MeshPlan, topic: string, data: Uint8Array): Envelope | undefined {
  if (!plan.stages.some(({ mailbox }) => mailbox === topic)) return undefined;
  return envelopeOf(data);
}

/** Returns the envelope in the data of a mailbox message. */
export function envelopeOf(data: Uint8Array): Envelope {
  const text = data[0] === 0x7b ? data : inflateSync(data);
  return JSON.parse(Buffer.from(text).toString("utf8")) as Envelope;
}
