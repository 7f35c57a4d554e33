/**
 * What the embedded Pub/Sub server does beyond the service: faults, restart, stopping, tokens; and
 * what takes minutes on a real clock.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Faults } from "../../emulators/faults.ts";
import {
  type PubsubServer,
  type PubsubServerOptions,
  startPubsub,
} from "../../emulators/pubsub/index.ts";
import { HandTimers } from "../unit/emulators/pubsub/support.ts";
import { Endpoint, failsWith, Harness } from "./pubsub-harness.ts";

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(
  options: PubsubServerOptions = {},
): Promise<{ server: PubsubServer; h: Harness }> {
  const server = await startPubsub(options);
  const h = new Harness(server.address);
  closing.push(() => server.stop());
  closing.push(() => h.close().catch(() => undefined));
  return { server, h };
}

async function endpointOf(): Promise<{ endpoint: Endpoint; pushEndpoint: string }> {
  const endpoint = new Endpoint();
  const pushEndpoint = await endpoint.open();
  closing.push(() => endpoint.close());
  return { endpoint, pushEndpoint };
}

describe("faults", () => {
  it("a refused Publish stores nothing and reaches the caller", async () => {
    const faults = new Faults();
    const { server, h } = await start({ faults });
    const topic = await h.newTopic();
    faults.inject("Publish", { kind: "refuse", code: status.PERMISSION_DENIED });
    await expect(h.send(topic, "x")).rejects.toEqual(failsWith(status.PERMISSION_DENIED));
    expect(server.counts.publishedMessages).toBe(0);
  });

  it("a Publish whose answer is lost is published again by the client: a duplicate", async () => {
    const faults = new Faults();
    const { server, h } = await start({ faults });
    const topic = await h.newTopic();
    const subscription = await h.newSubscription(topic);
    faults.inject("Publish", { kind: "loseAnswer", code: status.UNAVAILABLE });
    await h.send(topic, "x");
    expect(server.backlog(subscription.name).undelivered).toBe(2);
  });

  it("a push whose answer is lost is delivered twice", async () => {
    const faults = new Faults();
    const { h } = await start({ faults });
    const { topic, endpoint } = await h.pushTo();
    faults.inject("push", { kind: "loseAnswer", code: status.UNAVAILABLE });
    const messageId = await h.send(topic, "x");
    const pushes = await endpoint.until(2);
    expect(pushes.map(({ body }) => body.message.messageId)).toEqual([messageId, messageId]);
  });

  it("a refused push is not sent, and comes later", async () => {
    const faults = new Faults();
    const { server, h } = await start({ faults });
    const { topic, endpoint } = await h.pushTo();
    faults.inject("push", { kind: "refuse", code: status.UNAVAILABLE });
    await h.send(topic, "x");
    await endpoint.until(1);
    expect(server.counts).toMatchObject({ pushRequests: 1, pushFailures: 1, nacks: 1 });
  });
});

describe("pushes", () => {
  it("carry a token when the subscription asks for one and there is somebody to make it", async () => {
    const identityToken = (audience: string, email: string): string => `${email} for ${audience}`;
    const { h } = await start({ push: { identityToken } });
    const { endpoint, pushEndpoint } = await endpointOf();
    const topic = await h.newTopic();
    const oidcToken = { serviceAccountEmail: "robot@p", audience: "me" };
    await h.newSubscription(topic, { pushConfig: { pushEndpoint, oidcToken } });
    await h.send(topic, "x");
    const [push] = await endpoint.until(1);
    expect(push?.headers.authorization).toBe("Bearer robot@p for me");
  });

  it("wait while the one who makes the tokens fails", async () => {
    let calls = 0;
    const identityToken = (): string => {
      calls++;
      if (calls === 1) throw new Error("no token today");
      return "token";
    };
    const { server, h } = await start({ push: { identityToken } });
    const { endpoint, pushEndpoint } = await endpointOf();
    const topic = await h.newTopic();
    const oidcToken = { serviceAccountEmail: "robot@p" };
    await h.newSubscription(topic, { pushConfig: { pushEndpoint, oidcToken } });
    await h.send(topic, "x");
    await endpoint.until(1);
    expect(server.counts).toMatchObject({ pushFailures: 1, pushRequests: 1 });
  });

  it("to an endpoint that hangs are aborted at the deadline and sent again", async () => {
    const timers = new HandTimers();
    const { server, h } = await start({ timers });
    const { topic, endpoint, subscription } = await h.pushTo({ ackDeadlineSeconds: 10 });
    endpoint.answer = (_, count) => (count === 1 ? new Promise<number>(() => undefined) : 204);
    await h.send(topic, "x");
    await endpoint.until(1);
    timers.move(9_999);
    expect(server.counts.expiredLeases).toBe(0);
    timers.move(1);
    expect(server.counts).toMatchObject({ expiredLeases: 1, pushFailures: 1 });
    timers.move(100);
    await endpoint.until(2);
    await expect.poll(() => server.backlog(subscription.name).outstanding).toBe(0);
  });

  it("that all fail at once pause the subscription once, for 100 ms", async () => {
    const timers = new HandTimers();
    const { server, h } = await start({ timers, push: { outstandingStart: 200 } });
    const { topic, endpoint, subscription } = await h.pushTo();
    let die = (): void => undefined;
    const death = new Promise<number>((resolve) => {
      die = () => resolve(500);
    });
    endpoint.answer = (_, count) => (count <= 200 ? death : 204);
    await h.sendAll(
      topic,
      Array.from({ length: 200 }, (_, i) => `${i}`),
    );
    await endpoint.until(200);
    die();
    await expect.poll(() => server.counts.pushFailures).toBe(200);
    expect(endpoint.pushes).toHaveLength(200);
    timers.move(99);
    expect(server.backlog(subscription.name).outstanding).toBe(0);
    timers.move(1);
    await endpoint.until(400);
    await expect.poll(() => server.counts.pushedMessages).toBe(200);
  });

  it("under way are aborted when the server stops", async () => {
    const { server, h } = await start();
    const { endpoint, pushEndpoint } = await endpointOf();
    const topic = await h.newTopic();
    await h.newSubscription(topic, { pushEndpoint });
    endpoint.answer = () => new Promise<number>(() => undefined);
    await h.send(topic, "x");
    await endpoint.until(1);
    h.abandon();
    await server.stop();
    await expect.poll(() => endpoint.connections()).toBe(0);
  });
});

describe("a server", () => {
  it("says ERR_PORT_IN_USE, and what to do, when its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => other.close(resolve)));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startPubsub({ port })).rejects.toMatchObject({
      code: "ERR_PORT_IN_USE",
      message: expect.stringContaining("ask for another port"),
    });
  });

  it("frees its port when it stops", async () => {
    const server = await startPubsub();
    const port = Number(server.address.split(":")[1]);
    await server.stop();
    const again = await startPubsub({ port });
    await again.stop();
  });

  it("answers UNIMPLEMENTED with the method's name to what it does not have", async () => {
    const { h } = await start();
    const topic = await h.newTopic();
    await expect(topic.iam.getPolicy()).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      message: expect.stringContaining("GetIamPolicy"),
    });
    const snapshot = { name: "projects/conformance/snapshots/snap" };
    await expect(h.subscriber.updateSnapshot({ snapshot })).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      message: expect.stringContaining("UpdateSnapshot"),
    });
  });
});

describe("a server with a folder", () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), "tidemark-pubsub-"));
    closing.push(async () => rmSync(path, { recursive: true }));
    return path;
  }

  it("has its topics, subscriptions and unacknowledged messages after a restart", async () => {
    const persistFolder = folder();
    const server = await startPubsub({ persistFolder });
    const h = new Harness(server.address);
    const [topic] = await h.pubsub.createTopic("kept-topic");
    const [subscription] = await topic.createSubscription("kept-sub", { ackDeadlineSeconds: 77 });
    await topic.createSubscription("second-sub");
    await h.pubsub.createTopic("deleted-topic").then(([deleted]) => deleted.delete());
    await h.sendAll(topic, ["done", "leased", "left"], "key");
    const pulled = await h.pull(subscription);
    await h.acknowledge(subscription, pulled.slice(0, 1));
    await h.close();
    await server.stop();

    const next = await start({ persistFolder });
    const [topics] = await next.h.pubsub.getTopics();
    expect(topics.map(({ name }) => name)).toEqual(["projects/conformance/topics/kept-topic"]);
    const kept = next.h.pubsub.subscription("kept-sub");
    expect((await kept.getMetadata())[0]).toMatchObject({ ackDeadlineSeconds: 77 });
    expect(await next.h.texts(kept)).toEqual(["leased", "left"]);
    const second = next.h.pubsub.subscription("second-sub");
    expect(await next.h.texts(second)).toEqual(["done", "leased", "left"]);
  });

  it("keeps only what is still needed when it starts, and bears a torn last line", async () => {
    const persistFolder = folder();
    const server = await startPubsub({ persistFolder });
    const h = new Harness(server.address);
    const [topic] = await h.pubsub.createTopic("kept-topic");
    const [subscription] = await topic.createSubscription("kept-sub");
    await h.sendAll(
      topic,
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
    await h.acknowledge(subscription, await h.pull(subscription));
    await h.sendAll(topic, ["left"]);
    await h.close();
    await server.stop();
    const path = join(persistFolder, "pubsub.ndjson");
    writeFileSync(path, `${readFileSync(path, "utf8")}{"type":"mess`);

    const next = await start({ persistFolder });
    expect(await next.h.texts(next.h.pubsub.subscription("kept-sub"))).toEqual(["left"]);
    const lines = readFileSync(path, "utf8").trim().split("\n");
    expect(lines).toHaveLength(3);
  });

  it("pushes what was left over after a restart", async () => {
    const persistFolder = folder();
    const { endpoint, pushEndpoint } = await endpointOf();
    endpoint.answer = (_, count) => (count === 1 ? 500 : 204);
    const server = await startPubsub({ persistFolder, push: { backoffMinMs: 60_000 } });
    const h = new Harness(server.address);
    const [topic] = await h.pubsub.createTopic("kept-topic");
    await topic.createSubscription("kept-sub", { pushEndpoint });
    await h.send(topic, "x");
    await endpoint.until(1);
    await h.close();
    await server.stop();
    await start({ persistFolder });
    const pushes = await endpoint.until(2);
    expect(pushes[1]?.body.message).toEqual(pushes[0]?.body.message);
  });
});
