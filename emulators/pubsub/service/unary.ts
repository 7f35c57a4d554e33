/**
 * Unary calls: from a function to a gRPC handler.
 *
 * Owns: faults, and errors on the wire. Does not own: what the calls do.
 */
import { type handleUnaryCall, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Faults, StatusError } from "../../faults.ts";

/** An error with trailing metadata. */
export class DetailedError extends StatusError {
  readonly metadata: Metadata;

  constructor(code: status, details: string, metadata: Metadata) {
    super(code, details);
    this.metadata = metadata;
  }
}

/** Returns a gRPC handler that runs `work`, with the faults that are due for the call's name. */
export function unary<Request, Answer>(
  faults: Faults | undefined,
  name: string,
  work: (request: Request, onCancelled: (run: () => void) => void) => Answer | Promise<Answer>,
): handleUnaryCall<Request, Answer> {
  return (call, callback) => {
    const onCancelled = (run: () => void): void => {
      call.on("cancelled", run);
    };
    const run = (): Answer | Promise<Answer> => work(call.request, onCancelled);
    const answer = faults === undefined ? attempt(run) : faults.run(name, run);
    answer.then(
      (value) => callback(null, value),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

async function attempt<T>(run: () => T | Promise<T>): Promise<T> {
  return run();
}

/** Returns an error as grpc-js sends it; what is not a StatusError is INTERNAL. */
export function toServiceError(error: unknown): ServiceError {
  const metadata = error instanceof DetailedError ? error.metadata : new Metadata();
  if (error instanceof StatusError) {
    return Object.assign(new Error(error.message), {
      code: error.code,
      details: error.details,
      metadata,
    });
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return Object.assign(new Error(details), { code: status.INTERNAL, details, metadata });
}
