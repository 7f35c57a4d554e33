/**
 * Build account: in whose name functions are built.
 *
 * Owns: the account and its rights. The default account of Cloud Build may do too much in old
 * projects and too little in new ones.
 *
 * @see https://docs.cloud.google.com/functions/docs/securing/build-custom-sa
 */
import { IAMMember } from "@pulumi/gcp/projects/iammember.js";
import { Account } from "@pulumi/gcp/serviceaccount/account.js";
import {
  type CustomResourceOptions,
  interpolate,
  type Output,
  type Resource,
} from "@pulumi/pulumi";

/** What builds need. */
export interface BuildAccountInput {
  readonly project: string;
  readonly projectNumber: Output<string>;
  readonly region: string;
  readonly accountId: string;
}

/** Declares the account that builds functions, and what a build must wait for. */
export function declareBuildAccount(
  name: string,
  input: BuildAccountInput,
  options: CustomResourceOptions,
): { readonly account: Account; readonly rights: Resource[] } {
  const { project, region, accountId, projectNumber } = input;
  const account = new Account(
    `${name}-build`,
    { project, accountId, displayName: "Tidemark: builds functions" },
    options,
  );
  const member = interpolate`serviceAccount:${account.email}`;
  // Cloud Functions copies the code to a bucket of its own, from which the build reads it; the one that
  // Pulumi fills is read by its agent.
  const copies = interpolate`projects/_/buckets/gcf-v2-sources-${projectNumber}-${region}`;
  const rights = [
    new IAMMember(
      `${name}-build-logs`,
      { project, member, role: "roles/logging.logWriter" },
      options,
    ),
    new IAMMember(
      `${name}-build-images`,
      { project, member, role: "roles/artifactregistry.writer" },
      options,
    ),
    new IAMMember(
      `${name}-build-copies`,
      {
        project,
        member,
        role: "roles/storage.objectViewer",
        condition: {
          title: "copies-of-sources",
          expression: interpolate`resource.name.startsWith("${copies}")`,
        },
      },
      options,
    ),
  ];
  return { account, rights };
}
