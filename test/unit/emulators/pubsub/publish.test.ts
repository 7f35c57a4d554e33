import { describe, expect, it } from "vitest";
import { MessageIds } from "../../../../emulators/pubsub/broker/message.ts";
import type { WireMessage } from "../../../../emulators/pubsub/wire.ts";
import { HandTimers, text, topicName, World } from "./support.ts";

function withAttributes(attributes: Record<string, string>): WireMessage {
  return text("x", "", attributes);
}

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
}

const allowed: [what: string, messages: () => WireMessage[]][] = [
  ["1000 messages", () => Array.from({ length: 1000 }, () => text("x"))],
  ["a message of 10,000,000 bytes", () => [text("x".repeat(10_000_000))]],
  ["100 attributes", () => [withAttributes(many(100))]],
  ["an attribute key of 256 bytes", () => [withAttributes({ ["k".repeat(256)]: "" })]],
  ["an attribute value of 1024 bytes", () => [withAttributes({ k: "é".repeat(512) })]],
  ["an ordering key of 1024 bytes", () => [text("x", "k".repeat(1024))]],
  ["attributes without data", () => [text("", "", { a: "b" })]],
];

const refused: [what: string, messages: () => WireMessage[]][] = [
  ["1001 messages", () => Array.from({ length: 1001 }, () => text("x"))],
  ["no message", () => []],
  ["a message of 10,000,001 bytes", () => [text("x".repeat(10_000_001))]],
  ["a request of over 10,000,000 bytes", () => [text("x".repeat(6e6)), text("x".repeat(6e6))]],
  ["101 attributes", () => [withAttributes(many(101))]],
  ["an attribute key of 257 bytes", () => [withAttributes({ ["k".repeat(257)]: "" })]],
  ["an attribute key that begins with goog", () => [withAttributes({ google: "" })]],
  ["an empty attribute key", () => [withAttributes({ "": "x" })]],
  ["an attribute value of 1026 bytes", () => [withAttributes({ k: "é".repeat(513) })]],
  ["an ordering key of 1025 bytes", () => [text("x", "k".repeat(1025))]],
  ["neither data nor attributes", () => [text("")]],
];

describe("Publish", () => {
  it.each(allowed)("takes %s", (_, messages) => {
    const world = new World();
    expect(world.publish(...messages())).toHaveLength(messages().length);
  });

  it.each(refused)("refuses %s and stores nothing", (_, messages) => {
    const world = new World();
    expect(() => world.broker.publish(topicName, messages())).toThrow("INVALID_ARGUMENT");
    expect(world.subscription.backlog().undelivered).toBe(0);
    expect(world.broker.counts.publishedMessages).toBe(0);
  });

  it("to a topic that is not there is NOT_FOUND", () => {
    const world = new World();
    expect(() => world.broker.publish("projects/p/topics/other", [text("x")])).toThrow(
      "NOT_FOUND: Resource not found (resource=other).",
    );
  });

  it("counts requests, messages and bytes", () => {
    const world = new World();
    world.publish(text("four", "key", { a: "bc" }), "x");
    world.publish("y");
    expect(world.broker.counts).toMatchObject({
      publishRequests: 2,
      publishedMessages: 3,
      publishedBytes: 4 + 3 + 3 + 1 + 1,
    });
  });
});

describe("message ids", () => {
  it("differ between two runs, and grow", () => {
    const timers = new HandTimers();
    const first = new MessageIds(timers.nowMs());
    const ids = Array.from({ length: 1000 }, () => first.next());
    timers.move(1000);
    const second = new MessageIds(timers.nowMs());
    ids.push(...Array.from({ length: 1000 }, () => second.next()));
    expect(new Set(ids).size).toBe(2000);
    expect(ids.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids);
    expect(Number(ids.at(-1))).toBeLessThan(Number.MAX_SAFE_INTEGER);
  });
});
