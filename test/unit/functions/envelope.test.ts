/**
 * Envelope: it comes back as it was sent, and what is none is refused whole (E1, E2).
 */
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "../../../functions/envelope.ts";
import { messageOf } from "../../../functions/outbox.ts";
import { at, codeOf } from "../../support/builders.ts";

const envelope: Envelope = {
  plan: "p1",
  producer: "a/0",
  sequence: 3,
  stage: "b",
  shard: 1,
  minTime: at(5),
  count: 1,
  body: { kind: "elements", windows: [{ window: "g", keys: ["sé"], values: [1] }] },
};

function dataOf(text: string): Uint8Array {
  return messageOf({ kind: "bundle", topic: "t", key: "1", text }).data;
}

const refused = (data: Uint8Array): Promise<string | undefined> =>
  codeOf(() => decodeEnvelope(data, "p1"));

test("an envelope comes back as it was sent, small or compressed", () => {
  const large: Envelope = {
    ...envelope,
    body: { kind: "elements", windows: [{ window: "g", values: ["x".repeat(50_000)] }] },
  };
  for (const sent of [envelope, large]) {
    expect(decodeEnvelope(dataOf(encodeEnvelope(sent)), "p1")).toEqual(sent);
  }
  expect(dataOf(encodeEnvelope(large)).length).toBeLessThan(1_000);
});

test("the same envelope gives the same bytes twice", () => {
  const text = encodeEnvelope({ ...envelope, producer: "x".repeat(20_000) });
  expect(dataOf(text)).toEqual(dataOf(text));
});

test("an envelope of another plan is ERR_PLAN_MISMATCH", async () => {
  expect(await codeOf(() => decodeEnvelope(dataOf(encodeEnvelope(envelope)), "p2"))).toBe(
    "ERR_PLAN_MISMATCH",
  );
});

test.each([
  ["nothing", ""],
  ["text", "hello"],
  ["half of a JSON text", '{"plan":"p1"'],
  ["JSON of something else", '{"a":1}'],
  ["a list", "[]"],
  ["an envelope without a body", JSON.stringify({ ...envelope, body: null })],
  ["a sequence that is no whole number", JSON.stringify({ ...envelope, sequence: 1.5 })],
  ["a body of an unknown kind", JSON.stringify({ ...envelope, body: { kind: "other" } })],
  ["elements without columns", JSON.stringify({ ...envelope, body: { kind: "elements" } })],
])("%s is ERR_DECODE", async (_what, text) => {
  expect(await refused(Buffer.from(text))).toBe("ERR_DECODE");
});

test("compressed bytes of something else are ERR_DECODE", async () => {
  expect(await refused(deflateSync("[1]"))).toBe("ERR_DECODE");
  expect(await refused(deflateSync("{}").subarray(0, 5))).toBe("ERR_DECODE");
});
