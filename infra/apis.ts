/**
 * APIs: the services of Google Cloud that a mesh needs, and the agents that act for them.
 *
 * Owns: the list. An API that is on already stays as it is, and none is ever turned off: others in the
 * project may use it.
 */
import { Service } from "@pulumi/gcp/projects/service.js";
import { ServiceIdentity } from "@pulumi/gcp/projects/serviceIdentity.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";

/** Names of the APIs; serviceusage and cloudresourcemanager must be on before. */
export const APIS: readonly string[] = [
  "artifactregistry",
  "cloudbuild",
  "cloudfunctions",
  "cloudtasks",
  "firestore",
  "iam",
  "logging",
  "monitoring",
  "pubsub",
  "run",
  "storage",
];

/** Turns on the APIs, and one more where secrets are read. */
export function enableApis(
  name: string,
  project: string,
  hasSecrets: boolean,
  options: CustomResourceOptions,
): Resource[] {
  return [...APIS, ...(hasSecrets ? ["secretmanager"] : [])].map(
    (api) =>
      new Service(
        `${name}-${api}`,
        { project, service: `${api}.googleapis.com`, disableOnDestroy: false },
        options,
      ),
  );
}

/** Makes the account by which Google acts for one of its services: it is there after the first use, but rights need it before. */
export function serviceAgent(
  name: string,
  project: string,
  api: "pubsub" | "cloudtasks",
  options: CustomResourceOptions,
): ServiceIdentity {
  const service = `${api}.googleapis.com`;
  return new ServiceIdentity(`${name}-${api}-agent`, { project, service }, options);
}
