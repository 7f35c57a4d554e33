/**
 * A role of one member on one resource: seven types, one for each kind of resource.
 *
 * Owns: what each type's resource is called. Does not own: what a role permits (iam/).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Binding } from "../../iam/policy.ts";
import { permissionsOf } from "../../iam/roles.ts";
import type { Properties } from "../values.ts";
import type { LocalCloud } from "./cloud.ts";
import { lastPart, object, type ResourceKind, text } from "./resource-kind.ts";

/** How the resource is named by the inputs, as IAM names it. */
type NameOf = (inputs: Properties) => string;

const inProject =
  (collection: string, input: string): NameOf =>
  (inputs) =>
    `projects/${text(inputs, "project")}/${collection}/${lastPart(text(inputs, input))}`;

const inLocation =
  (collection: string): NameOf =>
  (inputs) =>
    inProject(`locations/${text(inputs, "location")}/${collection}`, "name")(inputs);

const resources: Readonly<Record<string, { readonly api: string; readonly nameOf: NameOf }>> = {
  "projects/iAMMember:IAMMember": {
    api: "cloudresourcemanager",
    nameOf: (inputs) => `projects/${text(inputs, "project")}`,
  },
  "serviceaccount/iAMMember:IAMMember": {
    api: "iam",
    nameOf: (inputs) => text(inputs, "serviceAccountId"),
  },
  "storage/bucketIAMMember:BucketIAMMember": {
    api: "storage",
    nameOf: (inputs) => `projects/_/buckets/${lastPart(text(inputs, "bucket"))}`,
  },
  "cloudrunv2/serviceIamMember:ServiceIamMember": { api: "run", nameOf: inLocation("services") },
  "pubsub/topicIAMMember:TopicIAMMember": { api: "pubsub", nameOf: inProject("topics", "topic") },
  "pubsub/subscriptionIAMMember:SubscriptionIAMMember": {
    api: "pubsub",
    nameOf: inProject("subscriptions", "subscription"),
  },
  "cloudtasks/queueIamMember:QueueIamMember": { api: "cloudtasks", nameOf: inLocation("queues") },
  "secretmanager/secretIamMember:SecretIamMember": {
    api: "secretmanager",
    nameOf: inProject("secrets", "secretId"),
  },
};

export const iamMembers: readonly ResourceKind[] = Object.entries(resources).map(
  ([type, { api, nameOf }]): ResourceKind => ({
    type: `gcp:${type}`,
    apis: [`${api}.googleapis.com`],
    fixed: [],
    check(check) {
      const role = check.at("role");
      if (typeof role === "string" && permissionsOf(role) === undefined) {
        check.fail("role", `the local world knows no role ${role} (emulators/iam/roles.ts)`);
      }
      const words = "serviceAccount:EMAIL, user:EMAIL, allUsers or allAuthenticatedUsers";
      const pattern = /^(allUsers|allAuthenticatedUsers|(serviceAccount|user):[^\s@:]+@[^\s@:]+)$/;
      check.text("member", { pattern, words });
    },
    id(inputs) {
      const title = text(object(inputs, "condition"), "title");
      const parts = [nameOf(inputs), text(inputs, "role"), text(inputs, "member")];
      return [...parts, ...(title === "" ? [] : [title])].join("/");
    },
    async create(inputs, cloud) {
      const resource = nameOf(inputs);
      await requireResource(resource, cloud);
      const [kind, email = ""] = text(inputs, "member").split(":");
      if (kind === "serviceAccount") cloud.requireAccount(email);
      cloud.policy.grant(bindingOf(resource, inputs));
      return { etag: "local" };
    },
    delete: (inputs, cloud) => cloud.policy.revoke(bindingOf(nameOf(inputs), inputs)),
  }),
);

function bindingOf(resource: string, inputs: Properties): Binding {
  const condition = text(object(inputs, "condition"), "expression");
  return {
    resource,
    role: text(inputs, "role"),
    member: text(inputs, "member"),
    ...(condition !== "" && { condition }),
  };
}

/** Topics and subscriptions may be there without being declared. */
async function requireResource(name: string, cloud: LocalCloud): Promise<void> {
  if (name === `projects/${cloud.project}` || cloud.has(name)) return;
  const { pubsubClient } = cloud.world;
  const [, collection] = /^projects\/[^/]+\/(topics|subscriptions)\//.exec(name) ?? [];
  const found =
    collection === "topics"
      ? await pubsubClient.topic(name).exists()
      : collection === "subscriptions" && (await pubsubClient.subscription(name).exists());
  if (found === false || !found[0])
    throw new StatusError(status.NOT_FOUND, `${name} was not found.`);
}
