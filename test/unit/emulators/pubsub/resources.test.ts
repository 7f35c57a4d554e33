import { describe, expect, it } from "vitest";
import { applyMask } from "../../../../emulators/pubsub/broker/update-mask.ts";
import { parseResourceName } from "../../../../emulators/pubsub/names.ts";
import type { SubscriptionConfig } from "../../../../emulators/pubsub/wire.ts";
import { fromMs, toMs } from "../../../../emulators/pubsub/wire.ts";
import { subscriptionName, topicName, World } from "./support.ts";

describe("a resource name", () => {
  it.each(["abc", "a-b_c.d~e+f%20", "A".repeat(255)])("may have the id %s", (id) => {
    expect(parseResourceName("topics", `projects/p/topics/${id}`)).toEqual({ project: "p", id });
  });

  it.each([
    "",
    "topic",
    "projects/p/topics/ab",
    `projects/p/topics/${"a".repeat(256)}`,
    "projects/p/topics/1abc",
    "projects/p/topics/google",
    "projects/p/topics/a/b",
    "projects/p/topics/a b c",
    "projects//topics/abc",
    "projects/p/subscriptions/abc",
  ])("may not be %s", (name) => {
    expect(() => parseResourceName("topics", name)).toThrow(/INVALID_ARGUMENT: Invalid resource/);
  });
});

const outOfRange: [what: string, config: Partial<SubscriptionConfig>][] = [
  ["an acknowledgement deadline of 9 s", { ackDeadlineSeconds: 9 }],
  ["an acknowledgement deadline of 601 s", { ackDeadlineSeconds: 601 }],
  ["a retention under 10 minutes", { messageRetentionDuration: { seconds: 599, nanos: 0 } }],
  ["a retention over 31 days", { messageRetentionDuration: { seconds: 2_678_401, nanos: 0 } }],
  [
    "a retry backoff over 600 s",
    { retryPolicy: { minimumBackoff: null, maximumBackoff: { seconds: 601, nanos: 0 } } },
  ],
  [
    "a retry backoff whose minimum is over its maximum",
    {
      retryPolicy: {
        minimumBackoff: { seconds: 20, nanos: 0 },
        maximumBackoff: { seconds: 10, nanos: 0 },
      },
    },
  ],
  ["a push endpoint that is no URL", { pushConfig: { pushEndpoint: "localhost" } }],
  ["a filter with bad syntax", { filter: "what?" }],
];

describe("a subscription", () => {
  it.each(outOfRange)("refuses %s", (_, config) => {
    expect(() => new World(config)).toThrow("INVALID_ARGUMENT");
  });

  it("is left as it was by an update that is refused", () => {
    const world = new World();
    const wanted = { ...world.subscription.config, ackDeadlineSeconds: 1000 };
    expect(() => world.broker.updateSubscription(wanted, ["ack_deadline_seconds"])).toThrow(
      "The value for ack_deadline_seconds is too large. You passed 1000 in the request, but the " +
        "maximum value is 600.",
    );
    expect(world.subscription.config.ackDeadlineSeconds).toBe(10);
  });

  it("belongs to _deleted-topic_ when its topic is deleted, also if one of that name is made", () => {
    const world = new World();
    world.broker.deleteTopic(topicName);
    world.broker.createTopic({ name: topicName });
    world.publish("1");
    expect(world.subscription.config.topic).toBe("_deleted-topic_");
    expect(world.subscription.backlog().undelivered).toBe(0);
  });

  it("sends its consumers away when it is deleted", () => {
    const world = new World();
    const consumer = world.attach();
    world.broker.deleteSubscription(subscriptionName);
    expect(consumer.closedWith?.message).toBe("NOT_FOUND: Resource not found (resource=sub).");
  });
});

describe("a field mask", () => {
  const mutable = new Set(["labels", "retryPolicy"]);
  const current: Record<string, unknown> = {
    labels: { a: 1 },
    retryPolicy: { min: 1, max: 2 },
    filter: "f",
  };
  const wanted: Record<string, unknown> = {
    labels: { b: 2 },
    retryPolicy: { min: 5, max: 6 },
    filter: "g",
  };

  it("takes over the named fields only, in either spelling", () => {
    expect(applyMask({ current, wanted, paths: ["retry_policy"], mutable })).toEqual({
      ...current,
      retryPolicy: { min: 5, max: 6 },
    });
    expect(applyMask({ current, wanted, paths: ["retryPolicy.max", "labels"], mutable })).toEqual({
      labels: { b: 2 },
      retryPolicy: { min: 1, max: 6 },
      filter: "f",
    });
  });

  it("must not be empty, nor name what is unknown or can't be changed", () => {
    for (const paths of [[], ["filter"], ["labels", "nonsense"]]) {
      expect(() => applyMask({ current, wanted, paths, mutable })).toThrow("INVALID_ARGUMENT");
    }
  });
});

describe("times on the wire", () => {
  it("are seconds and nanoseconds, before 1970 too", () => {
    for (const ms of [0, 1, 999, 1000, 1_800_000_000_123, -1, -1500]) {
      expect(toMs(fromMs(ms))).toBe(ms);
    }
    expect(fromMs(-1)).toEqual({ seconds: -1, nanos: 999_000_000 });
  });
});
