/**
 * Bundles: what a mailbox message says of itself, read by checkers.
 */
import { inflateSync } from "node:zlib";
import type { Envelope } from "../../../functions/envelope.ts";

/** Several checkers look at each message, and a message comes more than once: each is read once. */
const known = new WeakMap<Uint8Array, Envelope>();

/** Returns the envelope in the data of a mailbox message. */
export function envelopeOf(data: Uint8Array): Envelope {
  let envelope = known.get(data);
  if (envelope === undefined) {
    envelope = read(data);
    known.set(data, envelope);
  }
  return envelope;
}

function read(data: Uint8Array): Envelope {
  const text = data[0] === 0x7b ? data : inflateSync(data);
  return JSON.parse(Buffer.from(text).toString("utf8")) as Envelope;
}
