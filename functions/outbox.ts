/**
 * Outbox: what a commit promised to send, until it is sent.
 *
 * Owns: the entries, and their split over documents. Does not own: the commit that makes them
 * durable (activation.ts), or their way out (flush.ts).
 * Place on the data's way: after the commit, before the acknowledgement.
 *
 * A2. Nothing here is sent before the commit that holds it.
 * A3. A head is not replaced until its outbox is known to be flushed.
 * A4. An entry says all that is sent, so that a second flush sends the same bytes and ids.
 */
import { deflateSync } from "node:zlib";
import type { FileWriter, Mailboxes, OutgoingMessage, PartDocument } from "./ports.ts";
import { cutText } from "./text-parts.ts";

/** Something to send after the commit. */
export type OutboxEntry =
  /** A bundle for a mailbox: JSON text of an envelope. */
  | { readonly kind: "bundle"; readonly topic: string; readonly key: string; readonly text: string }
  /** A message of a sink: base64 data. */
  | {
      readonly kind: "message";
      readonly topic: string;
      readonly key: string;
      readonly data: string;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** A file of a sink. */
  | { readonly kind: "file"; readonly path: string; readonly text: string };

/** Text of the outbox that travels in the head itself; the rest goes into parts. */
const INLINE_BYTES_MAX = 500_000;

/** Mailbox data from this size on is compressed. */
const COMPRESS_FROM_BYTES = 16 * 1024;

/** Splits entries into those that fit into the head and texts of parts for the others. */
export function splitOutbox(
  entries: readonly OutboxEntry[],
  version: number,
): { readonly inline: readonly OutboxEntry[]; readonly parts: readonly PartDocument[] } {
  let bytes = 0;
  const first = entries.findIndex((entry) => {
    bytes += Buffer.byteLength(JSON.stringify(entry));
    return bytes > INLINE_BYTES_MAX;
  });
  if (first < 0) return { inline: entries, parts: [] };
  const texts = cutText(JSON.stringify(entries.slice(first)));
  const parts = texts.map((text, i) => ({ id: `o${version}.${i}`, text }));
  return { inline: entries.slice(0, first), parts };
}

/** Returns the entries of an outbox's parts: all of them, in order. */
export function joinOutbox(texts: readonly string[]): OutboxEntry[] {
  return texts.length === 0 ? [] : (JSON.parse(texts.join("")) as OutboxEntry[]);
}

/** Sends everything, as it is: where nobody may set aside what a sink refuses. */
export async function flushOutbox(
  entries: readonly OutboxEntry[],
  mailboxes: Mailboxes,
  files: FileWriter,
): Promise<void> {
  for (const entry of entries) {
    if (entry.kind === "file") await files.write(entry.path, entry.text);
  }
  const messages = outboxMessages(entries);
  if (messages.length > 0) await mailboxes.publish(messages);
}

/** An entry that is sent as a message. */
type MessageEntry = Exclude<OutboxEntry, { kind: "file" }>;

/** Messages that were made to know what they cost, for when they are sent. */
const made = new WeakMap<MessageEntry, OutgoingMessage>();

/** Returns the messages of an outbox. */
export function outboxMessages(entries: readonly OutboxEntry[]): OutgoingMessage[] {
  return entries.flatMap((entry) => (entry.kind === "file" ? [] : [messageOf(entry)]));
}

/** Returns the message of an entry; the same entry gives the same bytes (A4). */
export function messageOf(entry: MessageEntry): OutgoingMessage {
  const message = made.get(entry) ?? newMessage(entry);
  made.set(entry, message);
  return message;
}

function newMessage(entry: MessageEntry): OutgoingMessage {
  const { topic, key: orderingKey } = entry;
  if (entry.kind === "message") {
    return {
      topic,
      orderingKey,
      data: Buffer.from(entry.data, "base64"),
      attributes: entry.attributes,
    };
  }
  const text = Buffer.from(entry.text, "utf8");
  const data = text.length < COMPRESS_FROM_BYTES ? text : deflateSync(text, { level: 1 });
  return { topic, orderingKey, data, attributes: {} };
}
