/** A topic of Pub/Sub, in the embedded server. */
import type { TopicMetadata } from "@google-cloud/pubsub";
import type { Properties } from "../values.ts";
import { durationOf } from "./duration.ts";
import type { NumberRule, TextRule } from "./input-check.ts";
import { lastPart, list, object, type ResourceKind, text } from "./resource-kind.ts";

/** Source: docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names. */
export const PUBSUB_NAME: TextRule = {
  min: 3,
  max: 255,
  pattern: /^(?!goog)[A-Za-z][A-Za-z0-9-_.~+%]*$/,
  words: "[A-Za-z][A-Za-z0-9-_.~+%]*, not beginning with goog",
};
/** Between 10 minutes and 31 days, in s. */
export const RETENTION: NumberRule = { min: 600, max: 2_678_400 };

export const topic: ResourceKind = {
  type: "gcp:pubsub/topic:Topic",
  apis: ["pubsub.googleapis.com"],
  fixed: ["project", "name", "kmsKeyName"],
  check(check) {
    check.text("name", PUBSUB_NAME);
    check.duration("messageRetentionDuration", RETENTION);
    check.labels();
    if (check.inputs["name"] === undefined)
      check.fail("name", "give one: the local world makes up none");
  },
  id: nameOf,
  async create(inputs, { world }) {
    await world.pubsubClient.createTopic({ name: nameOf(inputs), ...metadataOf(inputs) });
    return {};
  },
  async update(inputs, { world }) {
    await world.pubsubClient.topic(nameOf(inputs)).setMetadata(metadataOf(inputs));
    return {};
  },
  async delete(inputs, { world }) {
    await world.pubsubClient.topic(nameOf(inputs)).delete();
  },
  async read(id, { world }) {
    const [{ name }] = await world.pubsubClient.topic(id).getMetadata();
    return { name: lastPart(String(name)) };
  },
};

function nameOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/topics/${text(inputs, "name")}`;
}

function metadataOf(inputs: Properties): TopicMetadata {
  const policy = object(inputs, "messageStoragePolicy");
  const regions = list(policy, "allowedPersistenceRegions").map(String);
  const retention = text(inputs, "messageRetentionDuration");
  return {
    labels: object(inputs, "labels") as Record<string, string>,
    ...(regions.length > 0 && { messageStoragePolicy: { allowedPersistenceRegions: regions } }),
    ...(retention !== "" && { messageRetentionDuration: durationOf(retention) }),
  };
}
