/** A notification channel of Cloud Monitoring: recorded, what its type needs checked. */
import { createHash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import { isObject, type Properties, UNKNOWN } from "../values.ts";
import type { InputCheck } from "./input-check.ts";
import { list, object, type ResourceKind, text } from "./resource-kind.ts";

/** Labels of each type. Source: the descriptors of projects.notificationChannelDescriptors.list. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  email: ["email_address"],
  sms: ["number"],
  pubsub: ["topic"],
  webhook_tokenauth: ["url"],
  slack: ["channel_name", "auth_token"],
  pagerduty: ["service_key"],
};
const DISPLAY_CHARS_MAX = 512;
const DESCRIPTION_CHARS_MAX = 1_024;

export const notificationChannel: ResourceKind = {
  type: "gcp:monitoring/notificationChannel:NotificationChannel",
  apis: ["monitoring.googleapis.com"],
  fixed: ["project", "type"],
  check: checkInputs,
  id: nameOf,
  create(inputs, cloud) {
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs), verificationStatus: "" };
  },
  update(inputs, cloud, before) {
    // Google keeps the name; it is made of the address here, so that a new address is another channel.
    cloud.remove(nameOf(before));
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs) };
  },
  delete(inputs, cloud) {
    const name = nameOf(inputs);
    const users = cloud
      .names(`projects/${text(inputs, "project")}/alertPolicies/`)
      .filter((policy) => list(cloud.get(policy), "notificationChannels").includes(name));
    if (users.length > 0 && inputs["forceDelete"] !== true) {
      const words = `${name} is used by ${users.length} alert policies, such as ${users[0]}.`;
      throw new StatusError(status.FAILED_PRECONDITION, words);
    }
    cloud.remove(name);
  },
};

/** Google makes up an id; here it is made from where messages go. */
function nameOf(inputs: Properties): string {
  const where = JSON.stringify([inputs["type"] ?? null, object(inputs, "labels")]);
  const id = BigInt(`0x${createHash("sha256").update(where).digest("hex").slice(0, 15)}`);
  return `projects/${text(inputs, "project")}/notificationChannels/${id}`;
}

function checkInputs(check: InputCheck): void {
  check.oneOf("type", Object.keys(LABELS));
  check.text("displayName", { max: DISPLAY_CHARS_MAX });
  check.text("description", { max: DESCRIPTION_CHARS_MAX });
  check.labels("userLabels");
  const pattern = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
  check.text("labels.email_address", { pattern, words: "NAME@HOST" });
  const type = check.at("type");
  const known = typeof type === "string" ? LABELS[type] : undefined;
  if (known === undefined || check.inputs["labels"] === UNKNOWN) return;
  const labels = object(check.inputs, "labels");
  const secret = check.at("sensitiveLabels");
  for (const name of known) {
    const isSensitive = isObject(secret) && Object.keys(secret).length > 0;
    if (labels[name] === undefined && !isSensitive) check.fail(`labels.${name}`, "is needed");
  }
  for (const name of Object.keys(labels)) {
    if (!known.includes(name)) check.fail(`labels.${name}`, `a channel of type ${type} has none`);
  }
}
