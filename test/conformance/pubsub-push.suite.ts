/** The part of the Pub/Sub suite about ordering, pushing and dead letters. */
import { createServer } from "node:http";
import { describe, expect } from "vitest";
import type { Harness, PromiseTest } from "./pubsub-harness.ts";

/** Declares the promises about ordering, pushing and dead letters. */
export function pushPromises(harness: () => Harness, promise: PromiseTest): void {
  describe("message ordering", () => {
    promise("messages of one key come in the order of publishing", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic, { enableMessageOrdering: true });
      const data = Array.from({ length: 300 }, (_, i) => `${i}`);
      await h.sendAll(topic, data.slice(0, 100), "key");
      await h.sendAll(topic, data.slice(100, 200), "key");
      await h.sendAll(topic, data.slice(200), "key");
      const messages = await h.listen(subscription, 300, (message) => message.ack());
      await subscription.close();
      expect(messages.map((message) => message.data.toString())).toEqual(data);
    });

    promise("redelivery of one message redelivers the later ones of its key", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const subscription = await h.newSubscription(topic, { enableMessageOrdering: true });
      await h.sendAll(topic, ["1", "2", "3"], "key");
      const pulled = await h.pull(subscription);
      await h.nack(subscription, pulled.slice(1, 2));
      await h.acknowledge(subscription, pulled.slice(0, 1));
      expect(await h.texts(subscription)).toEqual(["2", "3"]);
    });

    promise("a push subscription has one outstanding message of each key", async () => {
      const h = harness();
      const { topic, endpoint } = await h.pushTo({ enableMessageOrdering: true });
      const outstanding = new Map<string, number>();
      let most = 0;
      endpoint.answer = async ({ body }) => {
        const key = body.message.orderingKey ?? "";
        const count = (outstanding.get(key) ?? 0) + 1;
        outstanding.set(key, count);
        most = Math.max(most, count);
        await new Promise((resolve) => setTimeout(resolve, 5));
        outstanding.set(key, count - 1);
        return 200;
      };
      const keys = ["a", "b", "c", "d"];
      const data = Array.from({ length: 10 }, (_, i) => `${i}`);
      await Promise.all(keys.map((key) => h.sendAll(topic, data, key)));
      const pushes = await endpoint.until(40);
      for (const key of keys) {
        const ofKey = pushes.filter(({ body }) => body.message.orderingKey === key);
        expect(ofKey.map(({ text }) => text)).toEqual(data);
      }
      expect(most).toBe(1);
      expect(endpoint.outstandingMax).toBeGreaterThan(2);
    });
  });

  describe("pushing", () => {
    promise("a push is a POST of JSON with the message and its subscription", async () => {
      const h = harness();
      const { topic, endpoint, subscription } = await h.pushTo();
      const messageId = await topic.publishMessage({
        data: Buffer.from("hello é"),
        attributes: { a: "b" },
      });
      const [push] = await endpoint.until(1);
      expect(push?.headers["content-type"]).toBe("application/json");
      expect(push?.body.subscription).toBe(subscription.name);
      expect(push?.text).toBe("hello é");
      expect(push?.body.message).toMatchObject({
        attributes: { a: "b" },
        messageId,
        message_id: messageId,
        publish_time: push?.body.message.publishTime,
      });
      expect(push?.body.message.publishTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      expect(push?.body).not.toHaveProperty("deliveryAttempt");
    });

    promise("a push carries the ordering key", async () => {
      const h = harness();
      const { topic, endpoint } = await h.pushTo();
      await h.send(topic, "x", "key");
      const [push] = await endpoint.until(1);
      expect(push?.body.message.orderingKey).toBe("key");
    });

    promise("200, 201, 202 and 204 acknowledge a push, other codes don't", async () => {
      const h = harness();
      const { topic, endpoint } = await h.pushTo();
      const codes = [200, 201, 202, 204];
      endpoint.answer = ({ text }, count) => (count <= 8 ? Number(text) : 204);
      await h.sendAll(topic, [...codes, 205, 302, 404, 500].map(String));
      const pushes = await endpoint.until(12);
      const again = pushes.slice(8).map(({ text }) => text);
      expect(again.sort()).toEqual(["205", "302", "404", "500"]);
    });

    promise("a push that found nobody listening comes when somebody does", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const { endpoint, pushEndpoint } = await h.newEndpoint();
      await endpoint.close();
      await h.newSubscription(topic, { pushEndpoint });
      await h.send(topic, "x");
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { port } = new URL(pushEndpoint);
      const late = new Promise<string>((resolve) => {
        const http = createServer((request, response) => {
          resolve(request.url ?? "");
          response.end();
        });
        http.listen(Number(port), "127.0.0.1");
        h.atEnd(async () => {
          http.closeAllConnections();
          http.close();
        });
      });
      expect(await late).toBe("/push?token=t");
    });

    promise("many pushes are outstanding at once", async () => {
      const h = harness();
      const { topic, endpoint } = await h.pushTo();
      endpoint.answer = async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 204;
      };
      await h.sendAll(
        topic,
        Array.from({ length: 200 }, (_, i) => `${i}`),
      );
      await endpoint.until(200);
      expect(endpoint.outstandingMax).toBeGreaterThan(20);
    });

    promise("an idle server pushes a new message within a few milliseconds", async () => {
      const h = harness();
      const { topic, endpoint } = await h.pushTo();
      const tookMs: number[] = [];
      for (let i = 1; i <= 11; i++) {
        const from = performance.now();
        await h.sendAll(topic, ["x"]);
        await endpoint.until(i);
        tookMs.push(performance.now() - from);
      }
      expect(tookMs.sort((a, b) => a - b)[5]).toBeLessThan(50);
    });

    promise("an unwrapped push has the data as body and the metadata as headers", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const { endpoint, pushEndpoint } = await h.newEndpoint();
      const noWrapper = { writeMetadata: true };
      const subscription = await h.newSubscription(topic, {
        pushConfig: { pushEndpoint, noWrapper },
      });
      const id = await topic.publishMessage({ data: Buffer.from("raw"), attributes: { a: "b" } });
      const [push] = await endpoint.until(1);
      expect(push?.raw).toBe("raw");
      expect(push?.headers).toMatchObject({
        a: "b",
        "x-goog-pubsub-message-id": id,
        "x-goog-pubsub-subscription-name": subscription.name,
      });
    });

    promise("a subscription can change between pull and push", async () => {
      const h = harness();
      const topic = await h.newTopic();
      const { endpoint, pushEndpoint } = await h.newEndpoint();
      const subscription = await h.newSubscription(topic);
      await h.send(topic, "kept");
      await subscription.modifyPushConfig({ pushEndpoint });
      const [push] = await endpoint.until(1);
      expect(push?.text).toBe("kept");
      await subscription.modifyPushConfig({});
      await h.send(topic, "pulled");
      expect(await h.texts(subscription)).toEqual(["pulled"]);
    });
  });

  describe("dead letters", () => {
    promise("a pulled message tells its attempt and moves on after the last", async () => {
      const h = harness();
      const [topic, deadTopic] = [await h.newTopic(), await h.newTopic()];
      const dead = await h.newSubscription(deadTopic);
      const subscription = await h.newSubscription(topic, {
        deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: 5 },
      });
      await h.send(topic, "bad");
      const attempts: number[] = [];
      for (let i = 0; i < 5; i++) {
        const pulled = await h.pull(subscription);
        attempts.push(...pulled.map(({ deliveryAttempt }) => deliveryAttempt));
        await h.nack(subscription, pulled);
      }
      expect(attempts).toEqual([1, 2, 3, 4, 5]);
      expect(await h.texts(subscription)).toEqual([]);
      const [letter] = await h.pull(dead);
      expect(letter?.text).toBe("bad");
      expect(letter?.attributes).toMatchObject({
        CloudPubSubDeadLetterSourceDeliveryCount: "5",
        CloudPubSubDeadLetterSourceSubscription: subscription.name.split("/").at(-1),
      });
    });

    promise("a push tells its attempt", async () => {
      const h = harness();
      const deadTopic = await h.newTopic();
      const { topic, endpoint } = await h.pushTo({
        deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: 5 },
      });
      endpoint.answer = (_, count) => (count < 3 ? 500 : 204);
      await h.send(topic, "x");
      const pushes = await endpoint.until(3);
      expect(pushes.map(({ body }) => body.deliveryAttempt)).toEqual([1, 2, 3]);
    });
  });
}
