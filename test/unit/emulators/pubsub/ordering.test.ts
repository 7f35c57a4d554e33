import { describe, expect, it } from "vitest";
import { ackIdOf, acknowledgeIds } from "../../../../emulators/pubsub/broker/leases.ts";
import { text, World } from "./support.ts";

const enableMessageOrdering = true;

describe("message ordering on pull", () => {
  it("leases many messages of a key at once, in order", () => {
    const world = new World({ enableMessageOrdering });
    world.publish(text("1", "k"), text("2", "k"), text("3", "k"));
    expect(world.attach().got).toEqual(["1", "2", "3"]);
  });

  it("gives the outstanding messages of a key to one consumer only", () => {
    const world = new World({ enableMessageOrdering });
    const first = world.attach({ room: 1 });
    world.publish(text("1", "k"), text("2", "k"));
    const second = world.attach();
    expect([first.got, second.got]).toEqual([["1"], []]);
    world.publish(text("a", "other"));
    expect(second.got).toEqual(["a"]);
    first.room = 0;
    world.acknowledge(first, "1");
    expect([...first.got, ...second.got].sort()).toEqual(["1", "2", "a"]);
  });

  it("redelivers all later messages of the key with the one that failed, acknowledged ones too", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach();
    world.publish(text("1", "k"), text("2", "k"), text("3", "k"), text("4", "k"), text("a", "j"));
    world.acknowledge(consumer, "1");
    world.acknowledge(consumer, "3");
    consumer.take();
    const failing = [...world.subscription.unacknowledged()].find((m) => m.data.toString() === "2");
    const delivery = world.subscription.find(failing?.id ?? "");
    if (delivery !== undefined) world.subscription.nack(delivery);
    world.subscription.pump();
    expect(consumer.take()).toEqual(["2", "3", "4"]);
  });

  it("redelivers in order when all leases of a key expire together", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach();
    world.publish(text("1", "k"), text("2", "k"), text("3", "k"));
    consumer.take();
    world.timers.move(10_000);
    expect(consumer.take()).toEqual(["1", "2", "3"]);
  });

  it("ignores an acknowledgement for a lease that was taken back", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach();
    world.publish(text("1", "k"), text("2", "k"));
    const late = ackIdOf(consumer.last("2"));
    world.nack(consumer, "1");
    acknowledgeIds(world.subscription, [late]);
    expect(world.subscription.backlog().outstanding).toBe(2);
  });

  it("is done with a key when all of it is acknowledged, in whatever order", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach();
    world.publish(text("1", "k"), text("2", "k"), text("3", "k"));
    for (const data of ["3", "1", "2"]) world.acknowledge(consumer, data);
    expect(world.subscription.backlog()).toMatchObject({ undelivered: 0, outstanding: 0 });
    world.timers.move(60_000);
    expect(consumer.got).toEqual(["1", "2", "3"]);
  });

  it("goes on with a key when a seek drops what held its acknowledged messages up", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach();
    world.publish(text("1", "k"));
    world.timers.move(1000);
    world.publish(text("2", "k"));
    world.acknowledge(consumer, "2");
    world.broker.seek(world.subscription.name, world.timers.nowMs());
    expect(world.subscription.backlog()).toMatchObject({ undelivered: 0, outstanding: 0 });
    world.publish(text("3", "k"));
    expect(consumer.got).toEqual(["1", "2", "3"]);
  });

  it("holds a key back during its backoff, and no other key", () => {
    const retryPolicy = {
      minimumBackoff: { seconds: 10, nanos: 0 },
      maximumBackoff: { seconds: 10, nanos: 0 },
    };
    const world = new World({ enableMessageOrdering, retryPolicy });
    const consumer = world.attach();
    world.publish(text("1", "k"), text("2", "k"));
    world.nack(consumer, "1");
    consumer.take();
    world.publish(text("3", "k"), text("a", "j"));
    expect(consumer.take()).toEqual(["a"]);
    world.timers.move(10_000);
    expect(consumer.take()).toContain("1");
    expect(consumer.ended).toContainEqual(["2", "returned"]);
  });

  it("lets another consumer have the key of one that left, after the leases ended", () => {
    const world = new World({ enableMessageOrdering });
    const broker = world.subscription;
    const leaving = world.attach({ room: 1 });
    world.publish(text("1", "k"), text("2", "k"));
    const staying = world.attach();
    broker.closeConsumers(new Error("gone"));
    const next = world.attach();
    expect(next.got).toEqual([]);
    world.acknowledge(leaving, "1");
    expect(next.got).toEqual(["2"]);
    expect(staying.got).toEqual([]);
  });
});

describe("message ordering on push", () => {
  it("has at most one outstanding message of each key, and keys are independent", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach({ isOnePerKey: true });
    world.publish(text("k1", "k"), text("k2", "k"), text("j1", "j"), text("j2", "j"), text("free"));
    expect(consumer.take()).toEqual(["k1", "j1", "free"]);
    const [k1] = world.subscription.unacknowledged();
    const delivery = world.subscription.find(k1?.id ?? "");
    if (delivery !== undefined) world.subscription.acknowledge(delivery);
    world.subscription.pump();
    expect(consumer.take()).toEqual(["k2"]);
  });

  it("pushes a failed message again before the next one of its key", () => {
    const world = new World({ enableMessageOrdering });
    const consumer = world.attach({ isOnePerKey: true });
    world.publish(text("1", "k"), text("2", "k"));
    world.nack(consumer, "1");
    world.acknowledge(consumer, "1");
    world.acknowledge(consumer, "2");
    expect(consumer.got).toEqual(["1", "1", "2"]);
  });

  it("goes on with a key after a dead letter", () => {
    const world = new World({
      enableMessageOrdering,
      deadLetterPolicy: {
        deadLetterTopic: "projects/p/topics/topic-dead",
        maxDeliveryAttempts: 5,
      },
    });
    const consumer = world.attach({ isOnePerKey: true });
    world.publish(text("1", "k"), text("2", "k"));
    for (let i = 0; i < 5; i++) world.nack(consumer, "1");
    expect(consumer.got).toEqual(["1", "1", "1", "1", "1", "2"]);
  });
});
