import { describe, expect, it } from "vitest";
import { ackIdOf, acknowledgeIds, modifyIds } from "../../../../emulators/pubsub/broker/leases.ts";
import { text, topicName, World } from "./support.ts";

describe("a subscription", () => {
  it("delivers each message to one consumer", () => {
    const world = new World();
    const [a, b] = [world.attach({ room: 2 }), world.attach({ room: 2 })];
    world.publish("1", "2", "3");
    expect([...a.got, ...b.got].sort()).toEqual(["1", "2", "3"]);
    expect(world.subscription.backlog()).toMatchObject({ undelivered: 0, outstanding: 3 });
  });

  it("keeps messages until somebody comes, and does not send more than there is room for", () => {
    const world = new World();
    world.publish("1", "2", "3");
    const consumer = world.attach({ room: 2 });
    expect(consumer.got).toEqual(["1", "2"]);
    world.acknowledge(consumer, "1");
    expect(consumer.got).toEqual(["1", "2", "3"]);
  });

  it("redelivers at once what is given back", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.nack(consumer, "1");
    expect(consumer.got).toEqual(["1", "1"]);
    expect(consumer.ended).toEqual([["1", "returned"]]);
  });

  it("redelivers what is not acknowledged at the deadline, and not a millisecond before", () => {
    const world = new World();
    const consumer = world.attach({ ackDeadlineMs: 10_000 });
    world.publish("1");
    world.timers.move(9999);
    expect(consumer.got).toEqual(["1"]);
    world.timers.move(1);
    expect(consumer.got).toEqual(["1", "1"]);
    expect(consumer.ended).toEqual([["1", "expired"]]);
    expect(world.broker.counts).toMatchObject({ expiredLeases: 1, nacks: 0 });
  });

  it("counts a moved deadline from the moment that it is moved", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.timers.move(5000);
    modifyIds(world.subscription, [ackIdOf(consumer.last("1"))], 60);
    world.timers.move(59_999);
    expect(consumer.got).toEqual(["1"]);
    world.timers.move(1);
    expect(consumer.got).toEqual(["1", "1"]);
  });

  it("does not redeliver what was acknowledged", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.acknowledge(consumer, "1");
    world.timers.move(3_600_000);
    expect(consumer.got).toEqual(["1"]);
    expect(world.subscription.backlog()).toEqual({
      undelivered: 0,
      outstanding: 0,
      oldestUnackedAgeMs: 0,
    });
  });

  it("takes a late acknowledgement while the message waits to be redelivered", () => {
    const world = new World();
    const consumer = world.attach({ room: 1 });
    world.publish("1");
    const late = ackIdOf(consumer.last("1"));
    consumer.room = -1;
    world.timers.move(10_000);
    acknowledgeIds(world.subscription, [late]);
    consumer.room = 5;
    world.subscription.pump();
    expect(consumer.got).toEqual(["1"]);
    expect(world.subscription.backlog().undelivered).toBe(0);
  });

  it("does not let a late nack touch the lease of another", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    const late = ackIdOf(consumer.last("1"));
    world.timers.move(10_000);
    modifyIds(world.subscription, [late], 0);
    expect(consumer.got).toEqual(["1", "1"]);
  });

  it("refuses an acknowledgement id that it can't have given out", () => {
    const world = new World();
    expect(() => acknowledgeIds(world.subscription, ["nonsense"])).toThrow("INVALID_ARGUMENT");
  });

  it("keeps neither new messages back behind failing ones, nor failing ones behind a backlog", () => {
    const world = new World();
    world.publish("bad");
    const consumer = world.attach({ room: 1 });
    for (let i = 0; i < 100; i++) world.publish(`good ${i}`);
    for (let i = 0; i < 10; i++) {
      const last = consumer.accepted.at(-1);
      const data = last?.message.data.toString() ?? "";
      if (data === "bad") world.nack(consumer, data);
      else world.acknowledge(consumer, data);
    }
    expect(consumer.got.filter((data) => data === "bad").length).toBeGreaterThanOrEqual(4);
    expect(consumer.got.filter((data) => data !== "bad").length).toBeGreaterThanOrEqual(4);
  });

  it("drops what is older than its retention", () => {
    const world = new World({ messageRetentionDuration: { seconds: 600, nanos: 0 } });
    world.publish("old");
    world.timers.move(600_000);
    world.publish("new");
    const consumer = world.attach();
    expect(consumer.got).toEqual(["new"]);
    expect(consumer.ended).toEqual([]);
    expect(world.subscription.backlog()).toMatchObject({ undelivered: 0, outstanding: 1 });
    expect(world.broker.counts.retentionDropped).toBe(1);
  });

  it("acknowledges by itself what its filter does not match", () => {
    const world = new World({ filter: 'attributes.a = "1"' });
    const consumer = world.attach();
    world.publish(text("no"), text("yes", "", { a: "1" }), text("no", "", { a: "2" }));
    expect(consumer.got).toEqual(["yes"]);
    expect(world.broker.counts.filtered).toBe(2);
    expect(world.subscription.backlog().outstanding).toBe(1);
  });

  it("tells the age of its oldest message that is not acknowledged", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.timers.move(3000);
    world.publish("2");
    world.timers.move(2000);
    expect(world.subscription.backlog().oldestUnackedAgeMs).toBe(5000);
    world.acknowledge(consumer, "1");
    expect(world.subscription.backlog().oldestUnackedAgeMs).toBe(2000);
  });

  it("keeps the messages of each subscription apart", () => {
    const world = new World();
    const other = "projects/p/subscriptions/other";
    world.broker.createSubscription({ name: other, topic: topicName });
    const consumer = world.attach();
    world.publish("1");
    world.acknowledge(consumer, "1");
    expect(world.broker.subscription(other).backlog().undelivered).toBe(1);
  });

  it("leaves no timer when the broker closes", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.broker.close();
    expect(world.timers.waiting).toBe(0);
    expect(consumer.closedWith?.message).toContain("UNAVAILABLE");
  });
});

describe("a retry policy", () => {
  const retryPolicy = {
    minimumBackoff: { seconds: 10, nanos: 0 },
    maximumBackoff: { seconds: 60, nanos: 0 },
  };

  it("waits its minimum, then twice as long each time, up to its maximum", () => {
    const world = new World({ retryPolicy });
    const consumer = world.attach();
    world.publish("1");
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      world.nack(consumer, "1");
      const from = world.timers.nowMs();
      while (consumer.accepted.length === i + 1) world.timers.move(500);
      waits.push(world.timers.nowMs() - from);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it("keeps only the failing message back", () => {
    const world = new World({ retryPolicy });
    const consumer = world.attach();
    world.publish("1");
    world.nack(consumer, "1");
    world.publish("2");
    expect(consumer.got).toEqual(["1", "2"]);
  });
});

describe("a dead-letter policy", () => {
  const deadLetterPolicy = { deadLetterTopic: `${topicName}-dead`, maxDeliveryAttempts: 5 };

  function deadWorld(): World {
    const world = new World({ deadLetterPolicy });
    world.broker.createSubscription({
      name: "projects/p/subscriptions/dead",
      topic: deadLetterPolicy.deadLetterTopic,
    });
    return world;
  }

  it("forwards a message after its last attempt, with where it came from", () => {
    const world = deadWorld();
    const consumer = world.attach();
    world.publish(text("1", "key", { a: "b" }));
    const publishTimeMs = world.timers.nowMs();
    for (let i = 0; i < 3; i++) world.nack(consumer, "1");
    // An expired lease is an attempt too.
    world.timers.move(10_000);
    expect(consumer.got).toHaveLength(5);
    world.nack(consumer, "1");
    expect(consumer.got).toHaveLength(5);
    const [dead] = world.broker.subscription("projects/p/subscriptions/dead").unacknowledged();
    expect(dead?.data.toString()).toBe("1");
    expect(dead?.orderingKey).toBe("key");
    expect(dead?.attributes).toEqual({
      a: "b",
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: "sub",
      CloudPubSubDeadLetterSourceSubscriptionProject: "p",
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(publishTimeMs)
        .toISOString()
        .replace("Z", "+00:00"),
    });
    expect(world.broker.counts.deadLettered).toBe(1);
    expect(world.subscription.backlog()).toMatchObject({ undelivered: 0, outstanding: 0 });
  });

  it("goes on redelivering while the dead-letter topic is gone", () => {
    const world = deadWorld();
    world.broker.deleteTopic(deadLetterPolicy.deadLetterTopic);
    const consumer = world.attach();
    world.publish("1");
    for (let i = 0; i < 7; i++) world.nack(consumer, "1");
    expect(consumer.got).toHaveLength(8);
  });

  it.each([4, 101])("refuses %i attempts", (maxDeliveryAttempts) => {
    expect(
      () => new World({ deadLetterPolicy: { ...deadLetterPolicy, maxDeliveryAttempts } }),
    ).toThrow("INVALID_ARGUMENT");
  });

  it("must name a topic that is there", () => {
    const policy = { ...deadLetterPolicy, deadLetterTopic: "projects/p/topics/nowhere" };
    expect(() => new World({ deadLetterPolicy: policy })).toThrow("NOT_FOUND");
  });
});

describe("exactly-once delivery", () => {
  it("refuses an acknowledgement after the deadline, and redelivers", () => {
    const world = new World({ enableExactlyOnceDelivery: true });
    const consumer = world.attach();
    world.publish("1");
    const late = ackIdOf(consumer.last("1"));
    world.timers.move(10_000);
    expect(acknowledgeIds(world.subscription, [late]).invalidAckIds).toEqual([late]);
    expect(consumer.got).toEqual(["1", "1"]);
    const present = ackIdOf(consumer.last("1"));
    expect(acknowledgeIds(world.subscription, [present]).ackIds).toEqual([present]);
    expect(acknowledgeIds(world.subscription, [present]).invalidAckIds).toEqual([present]);
  });

  it("does not redeliver a message whose lease goes on", () => {
    const world = new World({ enableExactlyOnceDelivery: true });
    const consumer = world.attach();
    world.publish("1");
    for (let i = 0; i < 20; i++) {
      world.timers.move(9000);
      modifyIds(world.subscription, [ackIdOf(consumer.last("1"))], 10);
    }
    expect(consumer.got).toEqual(["1"]);
  });
});
