/** An API of the project, enabled. */
import type { ResourceKind } from "./resource-kind.ts";
import { text } from "./resource-kind.ts";

/** Those that a mesh can use; any other name is taken for a mistake. */
const KNOWN: readonly string[] = [
  "artifactregistry",
  "cloudbuild",
  "cloudfunctions",
  "cloudkms",
  "cloudresourcemanager",
  "cloudtasks",
  "eventarc",
  "firestore",
  "iam",
  "iamcredentials",
  "logging",
  "monitoring",
  "pubsub",
  "run",
  "secretmanager",
  "serviceusage",
  "storage",
];

export const service: ResourceKind = {
  type: "gcp:projects/service:Service",
  apis: ["serviceusage.googleapis.com"],
  fixed: ["project", "service"],
  check: (check) =>
    check.oneOf(
      "service",
      KNOWN.map((name) => `${name}.googleapis.com`),
    ),
  id: (inputs) => `${text(inputs, "project")}/${text(inputs, "service")}`,
  create(inputs, cloud) {
    const name = cloud.apiName(text(inputs, "service"));
    // Enabling what is enabled changes nothing.
    if (!cloud.has(name)) cloud.add(name, inputs);
    return {};
  },
  update: () => ({}),
  delete(inputs, cloud) {
    if (inputs["disableOnDestroy"] !== false) cloud.remove(cloud.apiName(text(inputs, "service")));
  },
};
