/**
 * Resource names: `projects/P/topics/T` and its likes.
 *
 * Owns: taking names apart and refusing bad ones. Does not own: which resources exist.
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import { resourceIdCharsMax, resourceIdCharsMin } from "./limits.ts";

/** What the service calls the topic of a subscription whose topic was deleted. */
export const deletedTopicName = "_deleted-topic_";

/** The kinds of resource that have names. */
type ResourceKind = "topics" | "subscriptions" | "snapshots";

/** A name taken apart. */
interface ResourceName {
  readonly project: string;
  readonly id: string;
}

const idPattern = /^[A-Za-z][A-Za-z0-9\-._~+%]*$/;

/**
 * Takes a resource's name apart.
 *
 * @throws StatusError INVALID_ARGUMENT if it is not a name of this kind
 */
export function parseResourceName(kind: ResourceKind, name: string): ResourceName {
  const [head, project, collection, id, ...rest] = name.split("/");
  const isWhole = head === "projects" && collection === kind && rest.length === 0;
  if (!isWhole || !project || id === undefined || !isResourceId(id)) throw badName(name);
  return { project, id };
}

function isResourceId(id: string): boolean {
  if (id.length < resourceIdCharsMin || id.length > resourceIdCharsMax) return false;
  return idPattern.test(id) && !id.startsWith("goog");
}

function badName(name: string): StatusError {
  return new StatusError(
    status.INVALID_ARGUMENT,
    `Invalid resource name given (name=${name}). Refer to ` +
      "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information.",
  );
}

/**
 * Takes `projects/P` apart.
 *
 * @throws StatusError INVALID_ARGUMENT if it is not a project's name
 */
export function parseProjectName(name: string): string {
  const match = /^projects\/([^/]+)$/.exec(name);
  if (match?.[1] === undefined) throw badName(name);
  return match[1];
}

/** Returns the error for a resource that is not there. */
export function notFound(name: string): StatusError {
  const id = name.split("/").at(-1) ?? name;
  return new StatusError(status.NOT_FOUND, `Resource not found (resource=${id}).`);
}

/** Returns the error for a resource that is there already. */
export function alreadyExists(name: string): StatusError {
  const id = name.split("/").at(-1) ?? name;
  return new StatusError(
    status.ALREADY_EXISTS,
    `Resource already exists in the project (resource=${id}).`,
  );
}

/** Returns the error for an argument that can't be used. */
export function invalidArgument(details: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, details);
}
