import { setTimeout as sleep } from "node:timers/promises";
import { PubSub } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { pubsubAgent } from "../../../../emulators/iam/agents.ts";
import { pubsubNeeds } from "../../../../emulators/pubsub/permissions.ts";
import { loadServices } from "../../../../emulators/pubsub/service/descriptor.ts";
import {
  type Case,
  checkCase,
  inProject,
  needing,
  PolicyWorld,
  project,
  pusherAccount,
  pusherEmail,
  stage,
} from "./support.ts";

const all = "projects/p";
const topic = inProject("topics/tttt");
const other = inProject("topics/other");
const abroad = "projects/q/topics/tttt";
const subscription = inProject("subscriptions/ssss");
const snapshot = inProject("snapshots/nnnn");
const newer = inProject("subscriptions/newer");
const messages = [{ data: Buffer.from("x") }];
const pushConfig = {
  pushEndpoint: "http://127.0.0.1:9/",
  oidcToken: { serviceAccountEmail: pusherEmail, audience: "a" },
};

const labelled = { labels: { a: "b" } };
const consumed = { resource: subscription, role: "roles/pubsub.subscriber" };
const edited = { resource: all, role: "roles/pubsub.editor" };

const cases: Readonly<Record<string, readonly Case[]>> = {
  CreateTopic: [
    needing("pubsub.topics.create", all, "pubsub.editor", ({ publisher }) =>
      publisher.createTopic({ name: inProject("topics/newer") }),
    ),
  ],
  GetTopic: [
    needing("pubsub.topics.get", topic, "pubsub.viewer", ({ publisher }) =>
      publisher.getTopic({ topic }),
    ),
  ],
  UpdateTopic: [
    needing("pubsub.topics.update", topic, "pubsub.editor", ({ publisher }) =>
      publisher.updateTopic({
        topic: { name: topic, ...labelled },
        updateMask: { paths: ["labels"] },
      }),
    ),
  ],
  DeleteTopic: [
    needing(
      "pubsub.topics.delete",
      other,
      "pubsub.editor",
      ({ publisher }) => publisher.deleteTopic({ topic: other }),
      { at: all },
    ),
  ],
  Publish: [
    needing("pubsub.topics.publish", topic, "pubsub.publisher", ({ publisher }) =>
      publisher.publish({ topic, messages }),
    ),
  ],
  ListTopics: [
    needing("pubsub.topics.list", all, "pubsub.viewer", ({ publisher }) =>
      publisher.listTopics({ project: all }),
    ),
  ],
  ListTopicSubscriptions: [
    needing("pubsub.topics.get", topic, "pubsub.viewer", ({ publisher }) =>
      publisher.listTopicSubscriptions({ topic }),
    ),
  ],
  ListTopicSnapshots: [
    needing("pubsub.topics.get", topic, "pubsub.viewer", ({ publisher }) =>
      publisher.listTopicSnapshots({ topic }),
    ),
  ],
  DetachSubscription: [
    needing("pubsub.topics.detachSubscription", topic, "pubsub.editor", ({ publisher }) =>
      publisher.detachSubscription({ subscription }),
    ),
  ],
  CreateSubscription: [
    needing("pubsub.subscriptions.create", all, "pubsub.editor", ({ subscriber }) =>
      subscriber.createSubscription({ name: newer, topic }),
    ),
    needing(
      "pubsub.topics.attachSubscription",
      abroad,
      "pubsub.subscriber",
      ({ subscriber }) => subscriber.createSubscription({ name: newer, topic: abroad }),
      { also: [edited] },
    ),
    needing(
      "iam.serviceAccounts.actAs",
      pusherAccount,
      "iam.serviceAccountUser",
      ({ subscriber }) => subscriber.createSubscription({ name: newer, topic, pushConfig }),
      { also: [edited] },
    ),
  ],
  GetSubscription: [
    needing("pubsub.subscriptions.get", subscription, "pubsub.viewer", ({ subscriber }) =>
      subscriber.getSubscription({ subscription }),
    ),
  ],
  UpdateSubscription: [
    needing("pubsub.subscriptions.update", subscription, "pubsub.editor", ({ subscriber }) =>
      subscriber.updateSubscription({
        subscription: { name: subscription, ...labelled, pushConfig },
        updateMask: { paths: ["labels"] },
      }),
    ),
    needing(
      "iam.serviceAccounts.actAs",
      pusherAccount,
      "iam.serviceAccountUser",
      ({ subscriber }) =>
        subscriber.updateSubscription({
          subscription: { name: subscription, pushConfig },
          updateMask: { paths: ["push_config"] },
        }),
      { also: [edited] },
    ),
  ],
  ModifyPushConfig: [
    needing("pubsub.subscriptions.update", subscription, "pubsub.editor", ({ subscriber }) =>
      subscriber.modifyPushConfig({ subscription, pushConfig: {} }),
    ),
    needing(
      "iam.serviceAccounts.actAs",
      pusherAccount,
      "iam.serviceAccountUser",
      ({ subscriber }) => subscriber.modifyPushConfig({ subscription, pushConfig }),
      { also: [edited] },
    ),
  ],
  DeleteSubscription: [
    needing("pubsub.subscriptions.delete", subscription, "pubsub.editor", ({ subscriber }) =>
      subscriber.deleteSubscription({ subscription }),
    ),
  ],
  ListSubscriptions: [
    needing("pubsub.subscriptions.list", all, "pubsub.viewer", ({ subscriber }) =>
      subscriber.listSubscriptions({ project: all }),
    ),
  ],
  CreateSnapshot: [
    needing("pubsub.snapshots.create", all, "pubsub.editor", ({ subscriber }) =>
      subscriber.createSnapshot({ name: inProject("snapshots/newer"), subscription }),
    ),
    needing(
      "pubsub.subscriptions.consume",
      "projects/q/subscriptions/ssss",
      "pubsub.subscriber",
      ({ subscriber }) =>
        subscriber.createSnapshot({
          name: inProject("snapshots/newer"),
          subscription: "projects/q/subscriptions/ssss",
        }),
      { also: [edited] },
    ),
  ],
  GetSnapshot: [
    needing("pubsub.snapshots.get", snapshot, "pubsub.viewer", ({ subscriber }) =>
      subscriber.getSnapshot({ snapshot }),
    ),
  ],
  ListSnapshots: [
    needing("pubsub.snapshots.list", all, "pubsub.viewer", ({ subscriber }) =>
      subscriber.listSnapshots({ project: all }),
    ),
  ],
  DeleteSnapshot: [
    needing("pubsub.snapshots.delete", snapshot, "pubsub.editor", ({ subscriber }) =>
      subscriber.deleteSnapshot({ snapshot }),
    ),
  ],
  Seek: [
    needing("pubsub.subscriptions.consume", subscription, "pubsub.subscriber", ({ subscriber }) =>
      subscriber.seek({ subscription, time: { seconds: 1 } }),
    ),
    needing(
      "pubsub.snapshots.seek",
      snapshot,
      "pubsub.subscriber",
      ({ subscriber }) => subscriber.seek({ subscription, snapshot }),
      { also: [consumed] },
    ),
  ],
  Pull: [
    needing("pubsub.subscriptions.consume", subscription, "pubsub.subscriber", ({ subscriber }) =>
      subscriber.pull({ subscription, maxMessages: 1, returnImmediately: true }),
    ),
  ],
  Acknowledge: [
    needing("pubsub.subscriptions.consume", subscription, "pubsub.subscriber", ({ subscriber }) =>
      subscriber.acknowledge({ subscription, ackIds: ["1"] }).catch(unlessDenied),
    ),
  ],
  ModifyAckDeadline: [
    needing("pubsub.subscriptions.consume", subscription, "pubsub.subscriber", ({ subscriber }) =>
      subscriber
        .modifyAckDeadline({ subscription, ackIds: ["1"], ackDeadlineSeconds: 10 })
        .catch(unlessDenied),
    ),
  ],
};

/** The call came in: what it says then is another matter. */
function unlessDenied(error: { code: status }): void {
  if (error.code === status.PERMISSION_DENIED) throw error;
}

async function withResources(): Promise<PolicyWorld> {
  const rig = await PolicyWorld.start();
  const { publisher, subscriber } = rig.deployer;
  for (const name of [topic, other, abroad]) await publisher.createTopic({ name });
  await subscriber.createSubscription({ name: subscription, topic });
  await subscriber.createSubscription({ name: "projects/q/subscriptions/ssss", topic: abroad });
  await subscriber.createSnapshot({ name: snapshot, subscription });
  return rig;
}

describe("Pub/Sub", () => {
  test("has a need for each of its calls", () => {
    const { publisher, subscriber } = loadServices();
    // Not there: answered with UNIMPLEMENTED.
    const missing = ["UpdateSnapshot"];
    const calls = [...Object.keys(publisher), ...Object.keys(subscriber)];
    const expected = calls.filter((name) => !missing.includes(name));
    expect(Object.keys(pubsubNeeds(() => "")).sort()).toEqual(expected.sort());
    expect([...Object.keys(cases), "StreamingPull"].sort()).toEqual(expected.sort());
  });

  const numbered = Object.entries(cases).flatMap(([name, each]) =>
    each.map((one) => ({ name, ...one })),
  );
  test.each(numbered)("$name needs $permission", async (each) => {
    await using rig = await withResources();
    await checkCase(rig, each);
  });

  test("StreamingPull needs pubsub.subscriptions.consume, and is told so by the ordinary client", async () => {
    await using rig = await withResources();
    const variables = await rig.world.accessFor(stage);
    const client = new PubSub({
      projectId: project,
      apiEndpoint: variables["PUBSUB_EMULATOR_HOST"] ?? "",
      emulatorMode: true,
    });
    try {
      const refused = client.subscription("ssss");
      const error = await new Promise<{ code: status; message: string }>((resolve) => {
        refused.on("error", resolve);
        refused.on("message", () => {});
      });
      expect(error.code).toBe(status.PERMISSION_DENIED);
      expect(error.message).toContain("'pubsub.subscriptions.consume' denied on resource");
      rig.policy.grant({ ...consumed, member: stage });
      await rig.deployer.publisher.publish({ topic, messages });
      const allowed = client.subscription("ssss");
      const text = await new Promise<string>((resolve, reject) => {
        allowed.on("error", reject);
        allowed.on("message", (message) => {
          message.ack();
          resolve(message.data.toString());
        });
      });
      expect(text).toBe("x");
      await allowed.close();
    } finally {
      await client.close();
    }
  });

  test("refuses a right that was taken away at once", async () => {
    await using rig = await withResources();
    const binding = { resource: topic, role: "roles/pubsub.publisher", member: stage };
    const { publisher } = await rig.as(stage);
    rig.policy.grant(binding);
    await publisher.publish({ topic, messages });
    rig.policy.revoke(binding);
    await expect(publisher.publish({ topic, messages })).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
  });
});

describe("dead letters", () => {
  const publishes = { resource: other, role: "roles/pubsub.publisher", member: pubsubAgent };
  const reads = { resource: subscription, role: "roles/pubsub.subscriber", member: pubsubAgent };

  test.each([
    ["the topic", [reads], publishes, "pubsub.topics.publish", other],
    ["the subscription", [publishes], reads, "pubsub.subscriptions.consume", subscription],
  ])(
    "stay while Pub/Sub's own account lacks its right on %s",
    async (_what, given, missing, permission, resource) => {
      await using rig = await withResources();
      const { subscriber, publisher } = rig.deployer;
      await subscriber.updateSubscription({
        subscription: {
          name: subscription,
          deadLetterPolicy: { deadLetterTopic: other, maxDeliveryAttempts: 5 },
        },
        updateMask: { paths: ["dead_letter_policy"] },
      });
      const aside = inProject("subscriptions/aside");
      await subscriber.createSubscription({ name: aside, topic: other });
      for (const binding of given) rig.policy.grant(binding);
      await publisher.publish({ topic, messages });
      for (let i = 0; i < 7; i++) await refuse(rig);
      expect(rig.world.pubsub?.backlog(subscription)).toMatchObject({ undelivered: 1 });
      expect(rig.world.pubsub?.backlog(aside)).toMatchObject({ undelivered: 0 });
      expect(rig.policy.denials).toEqual([
        expect.objectContaining({ member: pubsubAgent, permission, resource, times: 3 }),
      ]);
      rig.policy.grant(missing);
      await refuse(rig);
      expect(rig.world.pubsub?.backlog(subscription)).toMatchObject({ undelivered: 0 });
      expect(rig.world.pubsub?.backlog(aside)).toMatchObject({ undelivered: 1 });
    },
  );

  async function refuse(rig: PolicyWorld): Promise<void> {
    const { subscriber } = rig.deployer;
    const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages: 1 });
    const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? "");
    await subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });
    await sleep(1);
  }
});
