import { describe, expect, it } from "vitest";
import { subscriptionName, topicName, World } from "./support.ts";

const snapshot = "projects/p/snapshots/snap";

function unacknowledged(world: World): string[] {
  return [...world.subscription.unacknowledged()].map(({ data }) => data.toString());
}

describe("a seek to a time", () => {
  it("acknowledges what was published before it and leaves the rest alone", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("old");
    world.timers.move(1000);
    world.publish("new");
    world.broker.seek(subscriptionName, world.timers.nowMs());
    expect(unacknowledged(world)).toEqual(["new"]);
    expect(consumer.ended).toEqual([["old", "dropped"]]);
    expect(consumer.got).toEqual(["old", "new"]);
  });

  it("brings acknowledged messages back only as far as they are retained", () => {
    const world = new World({
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: 600, nanos: 0 },
    });
    const fromMs = world.timers.nowMs();
    const consumer = world.attach();
    world.publish("too old");
    world.timers.move(500_000);
    world.publish("retained");
    world.acknowledge(consumer, "too old");
    world.acknowledge(consumer, "retained");
    world.timers.move(200_000);
    consumer.take();
    world.broker.seek(subscriptionName, fromMs);
    expect(consumer.take()).toEqual(["retained"]);
  });

  it("brings nothing back where nothing is retained", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("1");
    world.acknowledge(consumer, "1");
    world.broker.seek(subscriptionName, 0);
    expect(consumer.got).toEqual(["1"]);
  });

  it("replays what the topic retains, also from before the subscription was made", () => {
    const world = new World();
    const name = "projects/p/topics/retaining";
    const sub = "projects/p/subscriptions/later";
    world.broker.createTopic({ name, messageRetentionDuration: { seconds: 3600, nanos: 0 } });
    world.broker.publish(name, [{ data: Buffer.from("1"), attributes: {}, orderingKey: "" }]);
    world.broker.createSubscription({ name: sub, topic: name });
    world.broker.seek(sub, 0);
    expect(world.broker.subscription(sub).backlog().undelivered).toBe(1);
  });

  it("keeps to the filter", () => {
    const world = new World({ retainAckedMessages: true, filter: "attributes:a" });
    world.publish("no");
    world.broker.seek(subscriptionName, 0);
    expect(unacknowledged(world)).toEqual([]);
  });
});

describe("a snapshot", () => {
  it("brings back what belongs before what waits, in the order of the key", () => {
    const world = new World({ enableMessageOrdering: true });
    const topic = topicName;
    const send = (text: string): void => {
      const message = { data: Buffer.from(text), attributes: {}, orderingKey: "k" };
      world.broker.publish(topic, [message]);
    };
    const consumer = world.attach();
    send("1");
    send("2");
    world.broker.createSnapshot(snapshot, subscriptionName, {});
    world.acknowledge(consumer, "1");
    world.acknowledge(consumer, "2");
    consumer.take();
    consumer.room = 0;
    send("3");
    consumer.room = 10;
    world.broker.seek(subscriptionName, snapshot);
    expect(consumer.take()).toEqual(["1", "2", "3"]);
  });

  it("brings back what was unacknowledged, and everything since", () => {
    const world = new World();
    const consumer = world.attach();
    world.publish("done", "open");
    world.acknowledge(consumer, "done");
    world.broker.createSnapshot(snapshot, subscriptionName, {});
    world.publish("since");
    world.acknowledge(consumer, "open");
    world.acknowledge(consumer, "since");
    consumer.take();
    world.broker.seek(subscriptionName, snapshot);
    expect(consumer.take().sort()).toEqual(["open", "since"]);
  });

  it("lives 7 days, less the age of its oldest message", () => {
    const world = new World();
    const day = 24 * 3600 * 1000;
    world.publish("1");
    world.timers.move(2 * day);
    world.broker.createSnapshot(snapshot, subscriptionName, {});
    world.timers.move(5 * day - 1);
    expect(world.broker.snapshots.get(snapshot).topic).toBe(topicName);
    world.timers.move(1);
    expect(() => world.broker.snapshots.get(snapshot)).toThrow("NOT_FOUND");
  });

  it("of another topic is refused", () => {
    const world = new World();
    const sub = "projects/p/subscriptions/elsewhere";
    world.broker.createSubscription({ name: sub, topic: `${topicName}-dead` });
    world.broker.createSnapshot(snapshot, subscriptionName, {});
    expect(() => world.broker.seek(sub, snapshot)).toThrow("INVALID_ARGUMENT");
  });
});
