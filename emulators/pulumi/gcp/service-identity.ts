/** The account by which a service of Google's acts in the project. */
import { PROJECT_NUMBER } from "../../iam/agents.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

/** Domains of the accounts. Source: docs.cloud.google.com/iam/docs/service-agents. */
const DOMAINS: Readonly<Record<string, string>> = {
  "pubsub.googleapis.com": "gcp-sa-pubsub",
  "cloudtasks.googleapis.com": "gcp-sa-cloudtasks",
  "firestore.googleapis.com": "gcp-sa-firestore",
  "secretmanager.googleapis.com": "gcp-sa-secretmanager",
  "run.googleapis.com": "serverless-robot-prod",
  "cloudfunctions.googleapis.com": "gcf-admin-robot",
  "artifactregistry.googleapis.com": "gcp-sa-artifactregistry",
};

export const serviceIdentity: ResourceKind = {
  type: "gcp:projects/serviceIdentity:ServiceIdentity",
  apis: ["serviceusage.googleapis.com"],
  fixed: ["project", "service"],
  check: (check) => check.oneOf("service", Object.keys(DOMAINS)),
  id: (inputs) => `projects/${text(inputs, "project")}/services/${text(inputs, "service")}`,
  create(inputs, cloud) {
    const api = text(inputs, "service");
    cloud.requireApi(api);
    const email = `service-${PROJECT_NUMBER}@${DOMAINS[api]}.iam.gserviceaccount.com`;
    // Once made, an agent stays, and is found again.
    if (!cloud.has(cloud.accountName(email))) cloud.add(cloud.accountName(email), inputs);
    return { email, member: `serviceAccount:${email}` };
  },
  delete() {
    // Google has no call for it: the account stays with the project.
  },
};
