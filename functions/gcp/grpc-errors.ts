/**
 * gRPC errors: what Google's clients throw, as the engine's errors.
 */
import { status } from "@grpc/grpc-js";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";

/** Returns whether an error of a Google client has this gRPC status. */
export function isCode(error: unknown, code: keyof typeof status): boolean {
  return (error as { code?: unknown } | null)?.code === status[code];
}

/** What Pub/Sub answers however often it is asked the same. */
const REFUSALS = ["NOT_FOUND", "PERMISSION_DENIED", "INVALID_ARGUMENT"] as const;

/** Returns ERR_SINK for what is refused for good, ERR_UNAVAILABLE for all else. */
export function refusedOrUnavailable(what: string, cause: unknown): MeshError {
  const error = unavailable(what, cause);
  const isRefused = REFUSALS.some((code) => isCode(cause, code));
  return isRefused ? new MeshError("ERR_SINK", error.message, { cause }) : error;
}

/** Returns ERR_UNAVAILABLE: nothing is known of the outcome; a MeshError stays as it is. */
export function unavailable(what: string, cause: unknown): MeshError {
  if (isMeshError(cause)) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MeshError("ERR_UNAVAILABLE", `Could not ${what}: ${words}`, { cause });
}

/** @throws ERR_UNAVAILABLE if the call fails */
export async function attempt<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw unavailable(what, cause);
  }
}
