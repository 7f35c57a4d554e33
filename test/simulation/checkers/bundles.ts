/**
 * Bundles: what a mailbox message says of itself, read by checkers.
 */
import { inflateSync } from "node:zlib";
import type { Envelope } from "../../../functions/envelope.ts";

/** Returns the envelope in the data of a mailbox message. */
export function envelopeOf(data: Uint8Array): Envelope {
  const text = data[0] === 0x7b ? data : inflateSync(data);
  return JSON.parse(Buffer.from(text).toString("utf8")) as Envelope;
}
