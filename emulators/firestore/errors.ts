/**
 * Short hands for the gRPC statuses that the store answers with.
 *
 * Owns: the helpers. Does not own: StatusError (../faults.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";

/** Returns INVALID_ARGUMENT: the request itself is wrong. */
export function invalidArgument(details: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, details);
}

/** Returns FAILED_PRECONDITION: the stored state is not what the request demands. */
export function failedPrecondition(details: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, details);
}

/** Returns ABORTED: the transaction lost, and may be tried again. */
export function aborted(details: string): StatusError {
  return new StatusError(status.ABORTED, details);
}

/** Returns NOT_FOUND: a document that must exist does not. */
export function notFound(details: string): StatusError {
  return new StatusError(status.NOT_FOUND, details);
}
