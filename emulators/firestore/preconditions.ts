/**
 * Preconditions of writes.
 *
 * Owns: when one holds, and the status when not. Does not own: in which state it is looked at
 * (write.ts: the state that the earlier writes of the same commit leave).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { StoredDocument } from "./collection.ts";
import { failedPrecondition, invalidArgument, notFound } from "./errors.ts";
import { fromTimestamp } from "./time.ts";
import type { Precondition } from "./wire.ts";

/**
 * Checks a precondition against the document that is there.
 *
 * @throws NOT_FOUND when the document must exist and does not; ALREADY_EXISTS when it must not and
 *   does; FAILED_PRECONDITION when it was last updated at another time, or is missing
 */
export function checkPrecondition(
  name: string,
  document: StoredDocument | undefined,
  precondition: Precondition | null | undefined,
): void {
  if (precondition === null || precondition === undefined) return;
  const { exists, updateTime } = precondition;
  if (updateTime !== undefined && updateTime !== null) {
    const wantedMicros = fromTimestamp(updateTime);
    const storedMicros = document?.updateMicros ?? 0;
    if (storedMicros === wantedMicros) return;
    throw failedPrecondition(
      `the stored version (${storedMicros}) does not match the required base version (${wantedMicros})`,
    );
  }
  if (exists === undefined) throw invalidArgument("A precondition has no condition.");
  if (exists && document === undefined) throw notFound(`No document to update: ${name}`);
  if (!exists && document !== undefined) {
    throw new StatusError(status.ALREADY_EXISTS, `Document already exists: ${name}`);
  }
}
