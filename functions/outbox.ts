/**
 * Outbox: what a commit promised to send, until it is sent.
 *
 * Owns: the entries, their split over documents, and the flush. Does not own: the commit that
 * makes them durable (activation.ts).
 * Place on the data's way: after the commit, before the acknowledgement.
 *
 * A2. Nothing here is sent before the commit that holds it.
 * A3. A head is not replaced until its outbox is known to be flushed.
 * A4. An entry says all that is sent, so that a second flush sends the same bytes and ids.
 */
import { deflateSync } from "node:zlib";
import { DOCUMENT_BYTES_MAX } from "./options.ts";
import type { FileWriter, Mailboxes, OutgoingMessage, PartDocument } from "./ports.ts";

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
  const inline: OutboxEntry[] = [];
  const parts: PartDocument[] = [];
  let inlineBytes = 0;
  let open: { texts: string[]; bytes: number } = { texts: [], bytes: 0 };
  const close = (): void => {
    if (open.texts.length === 0) return;
    parts.push({ id: `o${version}.${parts.length}`, text: `[${open.texts.join(",")}]` });
    open = { texts: [], bytes: 0 };
  };
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    const bytes = Buffer.byteLength(text);
    if (parts.length === 0 && open.bytes === 0 && inlineBytes + bytes <= INLINE_BYTES_MAX) {
      inline.push(entry);
      inlineBytes += bytes;
      continue;
    }
    if (open.bytes + bytes > DOCUMENT_BYTES_MAX) close();
    open.texts.push(text);
    open.bytes += bytes;
  }
  close();
  return { inline, parts };
}

/** Sends everything; resolves when all of it is stored where it goes. */
export async function flushOutbox(
  entries: readonly OutboxEntry[],
  mailboxes: Mailboxes,
  files: FileWriter,
): Promise<void> {
  const messages: OutgoingMessage[] = [];
  for (const entry of entries) {
    if (entry.kind === "file") await files.write(entry.path, entry.text);
    else messages.push(messageOf(entry));
  }
  if (messages.length > 0) await mailboxes.publish(messages);
}

/** Returns the message of an entry; the same entry gives the same bytes (A4). */
export function messageOf(entry: Exclude<OutboxEntry, { kind: "file" }>): OutgoingMessage {
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
