import { expect, test } from "vitest";
import { files, firestore, pubsub, watermarks } from "../../../../sdk/index.ts";
import type { PubsubSourceSpec, SourceMessage } from "../../../../sdk/io/source-spec.ts";
import { meshErrorOf } from "../errors.ts";

function message(
  data: string | Uint8Array,
  attributes: Record<string, string> = {},
): SourceMessage {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return { data: bytes, attributes, messageId: "m1", publishTime: "2026-11-22T00:00:00Z" };
}

function specOf(...args: Parameters<typeof pubsub.topic<unknown>>): PubsubSourceSpec {
  return pubsub.topic(...args).source as PubsubSourceSpec;
}

test("a topic gives JSON at publish time, behind a trailing watermark, unless told otherwise", () => {
  const spec = specOf("t");
  expect(spec).toMatchObject({ topic: "t", subscription: undefined });
  expect(spec.decode(message('{"a":"é"}'))).toEqual({ a: "é" });
  expect(spec.timestamp).toBeUndefined();
  expect(spec.id).toBeUndefined();
  expect(spec.watermark).toEqual({ kind: "trailing", sampleMs: 60_000, idleAfterMs: undefined });
});

test.each([["no JSON"], [new Uint8Array([0x22, 0xff, 0x22])]])(
  "a message that is not JSON in UTF-8 is refused and its content not shown",
  (data) => {
    const error = meshErrorOf(() => specOf("t").decode(message(data)));
    expect(error.code).toBe("ERR_DECODE");
    expect(error.message).toContain("Message m1");
    expect(error.cause).toBeDefined();
  },
);

test.each([
  ["1000", 1_000],
  ["-1", -1],
  ["2001-01-01T00:47:00Z", Date.UTC(2001, 0, 1, 0, 47)],
])("the timestamp attribute %s is read", (at, ms) => {
  const spec = specOf("t", { timestampAttribute: "at", idAttribute: "id" });
  expect(spec.timestamp?.(undefined, message("", { at }))).toBe(ms);
  expect(spec.id?.(undefined, message("", { id: "x" }))).toBe("x");
});

test("an attribute that is missing or no time is refused", () => {
  const spec = specOf("t", { timestampAttribute: "at" });
  expect(meshErrorOf(() => spec.timestamp?.(0, message(""))).code).toBe("ERR_DECODE");
  const soon = message("", { at: "soon" });
  expect(meshErrorOf(() => spec.timestamp?.(0, soon)).code).toBe("ERR_TIMESTAMP");
});

test("a function and an attribute for one thing are refused", () => {
  const both = { timestamp: () => 0, timestampAttribute: "at" };
  expect(meshErrorOf(() => pubsub.topic("t", both)).code).toBe("ERR_OPTION");
  const ids = { id: () => "", idAttribute: "id" };
  expect(meshErrorOf(() => pubsub.subscription("s", ids)).code).toBe("ERR_OPTION");
  expect(meshErrorOf(() => pubsub.topic(" ")).code).toBe("ERR_OPTION");
});

test("a subscription is read without a topic", () => {
  expect(pubsub.subscription("s").source).toMatchObject({ topic: undefined, subscription: "s" });
});

test("a topic may be written too", () => {
  const sink = pubsub.topic<string>("t", { orderingKey: (x) => x }).sink;
  expect(sink).toMatchObject({ type: "pubsub", topic: "t", encode: undefined });
});

test("watermark policies keep milliseconds", () => {
  expect(watermarks.trailing({ sample: { seconds: 5 }, idle: 7 })).toEqual({
    kind: "trailing",
    sampleMs: 5_000,
    idleAfterMs: 7,
  });
  expect(watermarks.boundedOutOfOrderness({ seconds: 30 })).toEqual({
    kind: "boundedOutOfOrderness",
    delayMs: 30_000,
    idleAfterMs: undefined,
  });
  expect(meshErrorOf(() => watermarks.trailing({ idle: -1 })).code).toBe("ERR_DURATION");
});

test.each(["a/b", "", "a//b", "/a"])("%j is no path of a collection", (path) => {
  const error = meshErrorOf(() => firestore.collection(path, { id: () => "1" }));
  expect(error.code).toBe("ERR_OPTION");
});

test("files keep their format, path and functions", () => {
  const both = files.csv<{ n: number }>("a.csv", { timestamp: (r) => r.n, row: (r) => [r.n] });
  expect(both.source).toMatchObject({ type: "file", format: "csv", path: "a.csv" });
  expect(both.sink).toMatchObject({ type: "file", format: "csv", prefix: "a.csv" });
  expect(files.text("a").source).toMatchObject({ format: "text", timestamp: undefined });
  expect(files.ndjson("a").sink).toMatchObject({ format: "ndjson", row: undefined });
  expect(files.json("a").source).toMatchObject({ format: "json" });
  expect(meshErrorOf(() => files.text("")).code).toBe("ERR_OPTION");
});
