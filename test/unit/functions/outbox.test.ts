/**
 * Outbox: what was split over documents comes back, and a second flush sends the same bytes (A4).
 */
import { expect, test } from "vitest";
import { DOCUMENT_BYTES_MAX } from "../../../functions/options.ts";
import { joinOutbox, messageOf, type OutboxEntry, splitOutbox } from "../../../functions/outbox.ts";

const bundle = (text: string): OutboxEntry => ({ kind: "bundle", topic: "t", key: "0", text });

const mixed: readonly OutboxEntry[] = [
  bundle('{"small":1}'),
  bundle(`{"large":"${"é".repeat(150_000)}"}`),
  { kind: "message", topic: "out", key: "k", data: "AAE=", attributes: { "tidemark-id": "a/0" } },
  { kind: "file", path: "out/x.txt", text: "😀\n".repeat(500_000) },
  bundle(`{"large":"${"x".repeat(400_000)}"}`),
];

test("a small outbox travels in the head alone", () => {
  const { inline, parts } = splitOutbox([bundle("{}")], 7);
  expect(inline).toEqual([bundle("{}")]);
  expect(parts).toEqual([]);
});

test("a large outbox is split into documents within the limit and comes back in order", () => {
  const { inline, parts } = splitOutbox(mixed, 7);
  for (const { text } of parts) {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX);
    expect(text.isWellFormed()).toBe(true);
  }
  expect(parts.map(({ id }) => id)).toEqual(parts.map((_, i) => `o7.${i}`));
  const texts = parts.map(({ text }) => text);
  expect([...inline, ...joinOutbox(texts)]).toEqual(mixed);
});

test("a second flush sends the same bytes", () => {
  const sent = [0, 1].map(() =>
    mixed.flatMap((entry) => (entry.kind === "file" ? [] : [messageOf(entry)])),
  );
  expect(sent[0]).toEqual(sent[1]);
  expect(sent[0]?.map(({ orderingKey }) => orderingKey)).toEqual(["0", "0", "k", "0"]);
});
