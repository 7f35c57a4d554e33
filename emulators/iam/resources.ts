/**
 * Resources: the full names that bindings and checks use, and what contains what.
 *
 * Owns: the kinds of names, and the way up to the project. Does not own: who may do what with them
 * (policy.ts).
 *
 * Names are those of Google's APIs. A binding holds for its resource and for all below it.
 */

/** A kind of resource that bindings can be made on. */
interface ResourceKind {
  readonly pattern: RegExp;
  /**
   * Whether conditions can ask for its name. For the other kinds `resource.name` is not given, and a
   * condition on it never holds. Source: cloud.google.com/iam/docs/conditions-resource-attributes,
   * "Resource name format".
   */
  readonly isNamedInConditions: boolean;
}

const kinds: readonly ResourceKind[] = [
  kind("projects/*", true),
  kind("projects/*/databases/*", true),
  kind("projects/*/secrets/*", true),
  kind("projects/_/buckets/*", true),
  kind("projects/*/topics/*", false),
  kind("projects/*/subscriptions/*", false),
  kind("projects/*/snapshots/*", false),
  kind("projects/*/locations/*/queues/*", false),
  kind("projects/*/locations/*/services/*", false),
  kind("projects/*/locations/*/repositories/*", false),
  kind("projects/*/serviceAccounts/*", false),
];

function kind(template: string, isNamedInConditions: boolean): ResourceKind {
  const pattern = new RegExp(`^${template.replaceAll("*", "[^/]+")}$`);
  return { pattern, isNamedInConditions };
}

/** Whether bindings can be made on a resource of this name. */
export function isBindable(resource: string): boolean {
  return kinds.some(({ pattern }) => pattern.test(resource));
}

/** Objects have no bindings of their own: those of their bucket hold. */
const object = /^projects\/_\/buckets\/[^/]+\/objects\/.+$/;

/** What `resource.name` is in a condition; undefined where the kind of resource does not give it. */
export function nameInConditions(resource: string): string | undefined {
  if (object.test(resource)) return resource;
  const found = kinds.find(({ pattern }) => pattern.test(resource));
  return found?.isNamedInConditions === true ? resource : undefined;
}

/**
 * Whether a binding on the first name holds for the second. A bucket's name does not tell its project;
 * a local world has one.
 */
export function contains(container: string, resource: string): boolean {
  if (resource.startsWith("projects/_/buckets/") && /^projects\/[^/]+$/.test(container))
    return true;
  return resource === container || resource.startsWith(`${container}/`);
}

/** The full name of a service account; a Google account of no project is looked for in `project`. */
export function serviceAccountName(email: string, project: string): string {
  const own = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
  const home = own === undefined || own.startsWith("gcp-sa-") ? project : own;
  return `projects/${home}/serviceAccounts/${email}`;
}
