/**
 * Needs that several services have in common.
 *
 * Owns: those of service accounts, and names of projects. Does not own: the tables of the services.
 */
import type { Need } from "./access.ts";
import { serviceAccountName } from "./resources.ts";

/** The project that a full name begins with: `projects/P`. */
export function projectOf(name: string): string {
  return name.split("/").slice(0, 2).join("/");
}

/**
 * What is needed to let a service sign with an account, from now on.
 *
 * @param resource what will be signed for: an account of no project is one of this one's
 * @see https://docs.cloud.google.com/iam/docs/service-account-permissions
 */
export function actAs(email: string, resource: string): Need {
  return { permission: "iam.serviceAccounts.actAs", resource: accountOf(email, resource) };
}

/** What a service's own account needs to sign with another account. */
export function signAs(email: string, resource: string): Need {
  return { permission: "iam.serviceAccounts.getOpenIdToken", resource: accountOf(email, resource) };
}

function accountOf(email: string, resource: string): string {
  return serviceAccountName(email, resource.split("/")[1] ?? "");
}
