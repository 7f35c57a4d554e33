/** The part of the Pub/Sub suite about topics, subscriptions, seeking. */
import { status } from "@grpc/grpc-js";
import { describe, expect } from "vitest";
import { failsWith, fresh, type Harness, type PromiseTest } from "./pubsub-harness.ts";

/** Declares the promises about topics, subscriptions, seeking. */
export function resourcePromises(harness: () => Harness, promise: PromiseTest): void {
  describe("topics and subscriptions", () => {
    promise("a topic can be created, got, listed and deleted", async () => {
      const h = harness();
      const topic = await h.newTopic();
      expect((await topic.getMetadata())[0].name).toBe(topic.name);
      const [topics] = await h.pubsub.getTopics();
      expect(topics.map((each) => each.name)).toContain(topic.name);
      await topic.delete();
      expect(await topic.exists()).toEqual([false]);
      await h.pubsub.createTopic(topic.name);
    });

    promise("a name that is taken is ALREADY_EXISTS", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await expect(h.pubsub.createTopic(topic.name)).rejects.toEqual(
        failsWith(status.ALREADY_EXISTS),
      );
      await expect(topic.createSubscription(subscription.name)).rejects.toEqual(
        failsWith(status.ALREADY_EXISTS),
      );
    });

    promise("what is not there is NOT_FOUND", async () => {
      const h = harness();
      const topic = h.pubsub.topic("nowhere-topic");
      await expect(topic.getMetadata()).rejects.toEqual(failsWith(status.NOT_FOUND));
      await expect(topic.delete()).rejects.toEqual(failsWith(status.NOT_FOUND));
      await expect(h.send(topic, "x")).rejects.toEqual(failsWith(status.NOT_FOUND));
      await expect(topic.createSubscription("orphan-sub")).rejects.toEqual(
        failsWith(status.NOT_FOUND),
      );
      const subscription = h.pubsub.subscription("nowhere-sub");
      await expect(subscription.getMetadata()).rejects.toEqual(failsWith(status.NOT_FOUND));
      await expect(h.pull(subscription)).rejects.toEqual(failsWith(status.NOT_FOUND));
    });

    promise("a name against the rules is INVALID_ARGUMENT", async () => {
      const h = harness();
      for (const bad of ["ab", "1abc", "goog-topic", "a".repeat(256), "a b c"]) {
        await expect(h.pubsub.createTopic(bad)).rejects.toEqual(failsWith(status.INVALID_ARGUMENT));
      }
    });

    promise("a subscription comes with the service's defaults", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      const [metadata] = await subscription.getMetadata();
      expect(metadata).toMatchObject({ topic: topic.name, ackDeadlineSeconds: 10 });
      expect(Number(metadata.messageRetentionDuration?.seconds)).toBe(7 * 24 * 3600);
    });

    promise("an acknowledgement deadline must be from 10 to 600 seconds", async () => {
      const h = harness();
      const topic = await h.newTopic();
      for (const ackDeadlineSeconds of [9, 601]) {
        await expect(h.newSubscription(topic, { ackDeadlineSeconds })).rejects.toEqual(
          failsWith(status.INVALID_ARGUMENT),
        );
      }
    });

    promise("a subscription's settings can be updated, field by field", async () => {
      const h = harness();
      const subscription = await h.newSubscription(await h.newTopic(), { labels: { a: "b" } });
      await subscription.setMetadata({ ackDeadlineSeconds: 33 });
      const minimumBackoff = { seconds: 12 };
      await subscription.setMetadata({ retryPolicy: { minimumBackoff } });
      const [metadata] = await subscription.getMetadata();
      expect(metadata).toMatchObject({ ackDeadlineSeconds: 33, labels: { a: "b" } });
      expect(Number(metadata.retryPolicy?.minimumBackoff?.seconds)).toBe(12);
    });

    promise("a filter can't be changed", async () => {
      const h = harness();
      const subscription = await h.newSubscription(await h.newTopic(), { filter: "attributes:a" });
      await expect(subscription.setMetadata({ filter: "attributes:b" })).rejects.toEqual(
        failsWith(status.INVALID_ARGUMENT),
      );
    });

    promise("a topic lists its subscriptions, over pages", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const made = await Promise.all([1, 2, 3].map(() => h.newSubscription(topic)));
      const names = made.map((each) => each.name).sort();
      const [listed] = await topic.getSubscriptions();
      expect(listed.map((each) => each.name).sort()).toEqual(names);
      const paged: string[] = [];
      const request = { topic: topic.name, pageSize: 2 };
      for await (const each of h.publisher.listTopicSubscriptionsAsync(request)) {
        paged.push(String(each));
      }
      expect(paged.sort()).toEqual(names);
    });

    promise("the subscription of a deleted topic keeps its messages", async () => {
      const h = harness();
      const [topic] = await h.pubsub.createTopic(fresh("topic"));
      const subscription = await h.newSubscription(topic);
      await h.send(topic, "last words");
      await topic.delete();
      expect((await subscription.getMetadata())[0].topic).toBe("_deleted-topic_");
      expect(await h.texts(subscription)).toEqual(["last words"]);
    });

    promise("a detached subscription gets nothing and can't be pulled from", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await h.pubsub.detachSubscription(subscription.name);
      expect(await subscription.detached()).toEqual([true]);
      await expect(h.pull(subscription)).rejects.toEqual(failsWith(status.FAILED_PRECONDITION));
    });
  });

  describe("seeking", () => {
    promise("to the future acknowledges everything", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await h.send(topic, "x");
      await subscription.seek(new Date(Date.now() + 3_600_000));
      expect(await h.texts(subscription)).toEqual([]);
    });

    promise("to the past brings retained messages back", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic, { retainAckedMessages: true });
      const from = new Date(Date.now() - 1000);
      await h.sendAll(topic, ["1", "2"]);
      await h.acknowledge(subscription, await h.pull(subscription));
      expect(await h.texts(subscription)).toEqual([]);
      await subscription.seek(from);
      expect((await h.texts(subscription)).sort()).toEqual(["1", "2"]);
    });

    promise("to a snapshot brings back what was unacknowledged, and all since", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await h.sendAll(topic, ["done", "open"]);
      const pulled = await h.pull(subscription);
      await h.acknowledge(
        subscription,
        pulled.filter(({ text }) => text === "done"),
      );
      const [snapshot] = await subscription.createSnapshot(fresh("snapshot"));
      h.atEnd(() => snapshot.delete());
      await h.acknowledge(
        subscription,
        pulled.filter(({ text }) => text === "open"),
      );
      await h.send(topic, "new");
      await h.acknowledge(subscription, await h.pull(subscription));
      expect(await h.texts(subscription)).toEqual([]);
      await snapshot.seek();
      expect((await h.texts(subscription)).sort()).toEqual(["new", "open"]);
    });
  });
}
