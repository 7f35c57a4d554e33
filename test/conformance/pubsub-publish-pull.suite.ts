/** The part of the Pub/Sub suite about publishing, pulling, exactly-once delivery and filters. */
import type { Message } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { describe, expect } from "vitest";
import { failsWith, type Harness, type PromiseTest } from "./pubsub-harness.ts";

/** Declares the promises about publishing, pulling, exactly-once delivery and filters. */
export function publishAndPullPromises(harness: () => Harness, promise: PromiseTest): void {
  describe("publishing", () => {
    promise("message ids are unique and in the order of the request", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      const messages = ["1", "2", "3"].map((data) => ({ data: Buffer.from(data) }));
      const [{ messageIds }] = await h.publisher.publish({ topic: topic.name, messages });
      expect(new Set(messageIds).size).toBe(3);
      const [{ receivedMessages }] = await h.subscriber.pull({
        subscription: subscription.name,
        maxMessages: 10,
      });
      const got = receivedMessages?.map(({ message }) => [
        message?.messageId,
        Buffer.from(message?.data ?? "").toString(),
      ]);
      expect(got?.sort()).toEqual([
        [messageIds?.[0], "1"],
        [messageIds?.[1], "2"],
        [messageIds?.[2], "3"],
      ]);
    });

    promise("a request of 1001 messages is INVALID_ARGUMENT", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const messages = Array.from({ length: 1001 }, () => ({ data: Buffer.from("x") }));
      await expect(h.publisher.publish({ topic: topic.name, messages })).rejects.toEqual(
        failsWith(status.INVALID_ARGUMENT),
      );
    });

    promise("a message over 10 MB is INVALID_ARGUMENT at once", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const messages = [{ data: Buffer.alloc(12_000_000) }];
      await expect(h.publisher.publish({ topic: topic.name, messages })).rejects.toEqual(
        failsWith(status.INVALID_ARGUMENT),
      );
    });

    promise("a message without data and attributes is INVALID_ARGUMENT", async () => {
      const h = harness();
      const topic = await h.newTopic();
      await expect(h.publisher.publish({ topic: topic.name, messages: [{}] })).rejects.toEqual(
        failsWith(status.INVALID_ARGUMENT),
      );
    });

    promise("too many or too large attributes are INVALID_ARGUMENT", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, "v"]));
      const all = [many, { ["k".repeat(257)]: "v" }, { k: "v".repeat(1025) }, { google: "v" }];
      for (const attributes of all) {
        await expect(
          h.publisher.publish({ topic: topic.name, messages: [{ attributes }] }),
        ).rejects.toEqual(failsWith(status.INVALID_ARGUMENT));
      }
    });
  });

  describe("pulling", () => {
    promise("a message comes with its data, attributes, key and time", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      const before = Date.now();
      const id = await topic.publishMessage({
        data: Buffer.from([0, 255, 128]),
        attributes: { a: "é" },
        orderingKey: "key",
      });
      const [message] = await h.listen(subscription, 1, (each) => each.ack());
      await subscription.close();
      expect(message).toMatchObject({ id, attributes: { a: "é" }, orderingKey: "key" });
      expect([...(message?.data ?? [])]).toEqual([0, 255, 128]);
      expect(message?.publishTime.getTime()).toBeGreaterThanOrEqual(before - 1);
    });

    promise("each subscription gets every message", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const both = [await h.newSubscription(topic), await h.newSubscription(topic)];
      await h.send(topic, "x");
      for (const subscription of both) expect(await h.texts(subscription)).toEqual(["x"]);
    });

    promise("an acknowledged message does not come again, an outstanding one not yet", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await h.sendAll(topic, ["1", "2"]);
      const pulled = await h.pull(subscription);
      await h.acknowledge(subscription, pulled.slice(0, 1));
      expect(await h.texts(subscription)).toEqual([]);
      await h.nack(subscription, pulled.slice(1));
      expect(await h.texts(subscription)).toEqual([pulled[1]?.text]);
    });

    promise("a Pull waits for a first message", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const { name: subscription } = await h.newSubscription(topic);
      const pulling = h.subscriber.pull({ subscription, maxMessages: 10 });
      await h.send(topic, "x");
      const [{ receivedMessages }] = await pulling;
      expect(receivedMessages).toHaveLength(1);
    });

    promise("StreamingPull delivers 2000 messages once each", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      const data = Array.from({ length: 1000 }, (_, i) => `${i}`);
      await h.sendAll(topic, data);
      await h.sendAll(topic, data);
      const messages = await h.listen(subscription, 2000, (message) => message.ack());
      await subscription.close();
      expect(new Set(messages.map(({ id }) => id)).size).toBe(2000);
      expect(await h.texts(subscription)).toEqual([]);
    });

    promise("StreamingPull has no more outstanding than its flow control allows", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const [made] = [await h.newSubscription(topic)];
      await h.sendAll(topic, ["1", "2", "3", "4", "5"]);
      const subscription = h.pubsub.subscription(made.name, {
        flowControl: { maxMessages: 2, allowExcessMessages: false },
        streamingOptions: { maxStreams: 1 },
      });
      const messages: Message[] = [];
      subscription.on("message", (message: Message) => messages.push(message));
      await expect.poll(() => messages.length).toBe(2);
      // What is not on this stream can be had by another subscriber.
      const others = await h.pull(made);
      expect(others).toHaveLength(3);
      for (const message of messages) message.ack();
      await subscription.close();
    });

    promise("a message that a stream gives back comes again", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic);
      await h.send(topic, "x");
      let count = 0;
      const messages = await h.listen(subscription, 3, (message) => {
        count++;
        if (count < 3) message.nack();
        else message.ack();
      });
      await subscription.close();
      expect(new Set(messages.map(({ id }) => id)).size).toBe(1);
    });

    promise("a stream ends when its subscription is deleted", async () => {
      const h = harness();
      const subscription = await h.newSubscription(await h.newTopic());
      const failed = new Promise<{ code: status }>((resolve) => {
        subscription.on("error", resolve);
        subscription.on("message", () => undefined);
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await h.subscriber.deleteSubscription({ subscription: subscription.name });
      expect((await failed).code).toBe(status.NOT_FOUND);
      await subscription.close();
    });

    promise("a push subscription can't be pulled from", async () => {
      const h = harness();
      const { subscription } = await h.pushTo();
      await expect(h.pull(subscription)).rejects.toEqual(failsWith(status.FAILED_PRECONDITION));
    });
  });

  describe("exactly-once delivery", () => {
    promise("an acknowledgement is confirmed", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic, { enableExactlyOnceDelivery: true });
      await h.send(topic, "x");
      let answer: Promise<string> | undefined;
      await h.listen(subscription, 1, (message) => {
        answer = message.ackWithResponse();
      });
      expect(await answer).toBe("SUCCESS");
      await subscription.close();
      expect(await h.texts(subscription)).toEqual([]);
    });

    promise("an acknowledgement after the lease has ended is refused by its id", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic, { enableExactlyOnceDelivery: true });
      await h.sendAll(topic, ["1", "2"]);
      const pulled = await h.pull(subscription);
      await h.nack(subscription, pulled.slice(0, 1));
      const error: unknown = await h.acknowledge(subscription, pulled).catch((e: unknown) => e);
      expect(error).toMatchObject({
        errorInfoMetadata: { [pulled[0]?.ackId ?? ""]: "PERMANENT_FAILURE_INVALID_ACK_ID" },
      });
      // The other one was acknowledged all the same.
      expect(await h.texts(subscription)).toEqual([pulled[0]?.text]);
    });
  });

  describe("filters", () => {
    promise("only matching messages are delivered", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const filter = 'attributes.kind = "bid" AND NOT attributes:test';
      const subscription = await h.newSubscription(topic, { filter });
      const all = [{ kind: "bid" }, { kind: "ask" }, { kind: "bid", test: "1" }, { other: "x" }];
      for (const attributes of all) {
        await topic.publishMessage({ data: Buffer.from(JSON.stringify(attributes)), attributes });
      }
      expect(await h.texts(subscription)).toEqual(['{"kind":"bid"}']);
    });

    promise("a filter with bad syntax is INVALID_ARGUMENT", async () => {
      const h = harness();
      const topic = await h.newTopic();
      await expect(h.newSubscription(topic, { filter: "kind is bid" })).rejects.toEqual(
        failsWith(status.INVALID_ARGUMENT),
      );
    });
  });
}
