/**
 * A build: what Cloud Build does in the name of the account that builds a function.
 *
 * Owns: what that account must be allowed. Nothing is built here, for bundles are built already. Does
 * not own: whether there is code that could be built (function.ts).
 *
 * BU1. Code is fetched from the copy that Cloud Functions makes of it, and not from where it was
 *      uploaded to: its own agent reads that.
 * BU2. Google names three rights as needed, and a build without any of them fails here. Of one that
 *      can't log, Google may say less.
 *
 * @see https://docs.cloud.google.com/functions/docs/securing/build-custom-sa
 * @see https://docs.cloud.google.com/functions/docs/building
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import { PROJECT_NUMBER } from "../../iam/agents.ts";
import type { LocalCloud } from "./cloud.ts";

/** What is built, and by whom. */
export interface Build {
  /** The function's name. */
  readonly name: string;
  readonly location: string;
  /** `projects/P/serviceAccounts/EMAIL`. */
  readonly builder: string;
}

interface Need {
  readonly permission: string;
  readonly resource: string;
  readonly role: string;
  /** What can't be done without it. */
  readonly step: string;
}

/**
 * Fails as a build would.
 *
 * @throws StatusError PERMISSION_DENIED if the account lacks a right, with the role that gives it
 */
export function requireBuildRights(
  { name, location, builder }: Build,
  { project, policy }: LocalCloud,
): void {
  const email = builder.slice(builder.lastIndexOf("/") + 1);
  const copy = `projects/_/buckets/gcf-v2-sources-${PROJECT_NUMBER}-${location}`;
  const needs: readonly Need[] = [
    {
      step: "fetch its code",
      permission: "storage.objects.get",
      resource: `${copy}/objects/${name}/function-source.zip`,
      role: "roles/storage.objectViewer",
    },
    {
      step: "write its log",
      permission: "logging.logEntries.create",
      resource: `projects/${project}`,
      role: "roles/logging.logWriter",
    },
    {
      step: "store its image",
      permission: "artifactregistry.repositories.uploadArtifacts",
      resource: `projects/${project}/locations/${location}/repositories/gcf-artifacts`,
      role: "roles/artifactregistry.writer",
    },
  ];
  for (const { step, permission, resource, role } of needs) {
    if (policy.check(`serviceAccount:${email}`, permission, resource, "Build").isAllowed) continue;
    throw new StatusError(
      status.PERMISSION_DENIED,
      `The build of function ${name} can't ${step}: permission '${permission}' denied on ` +
        `'${resource}'. Grant ${role} to ${email}.`,
    );
  }
}
