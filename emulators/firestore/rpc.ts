/**
 * From gRPC calls to plain functions and back.
 *
 * Owns: faults, the request's size, and errors as statuses. Does not own: what any method does.
 */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { type Faults, StatusError } from "../faults.ts";
import { invalidArgument } from "./errors.ts";
import { requestBytesMax } from "./limits.ts";
import type { Received } from "./protos.ts";

/** A method that answers once. */
export type UnaryMethod = (request: never) => object | Promise<object>;
/** A method that answers with a stream of messages. */
export type StreamMethod = (request: never) => readonly object[] | Promise<readonly object[]>;

/** Returns the gRPC handler of a unary method. */
export function unaryHandler(
  name: string,
  faults: Faults,
  method: UnaryMethod,
): handleUnaryCall<Received, object> {
  return (call: ServerUnaryCall<Received, object>, callback: sendUnaryData<object>): void => {
    faults
      .run(name, () => method(messageOf(call.request)))
      .then((answer) => callback(null, answer))
      .catch((error: unknown) => callback(toServiceError(error)));
  };
}

/** Returns the gRPC handler of a server-streaming method. */
export function streamHandler(
  name: string,
  faults: Faults,
  method: StreamMethod,
): handleServerStreamingCall<Received, object> {
  return (call: ServerWritableStream<Received, object>): void => {
    faults
      .run(name, () => method(messageOf(call.request)))
      .then((answers) => {
        for (const answer of answers) call.write(answer);
        call.end();
      })
      .catch((error: unknown) => call.emit("error", toServiceError(error)));
  };
}

/** Returns the gRPC handler of a method that this server does not have. */
export function unimplementedHandler(name: string): handleUnaryCall<Received, object> {
  return (_call: unknown, callback: sendUnaryData<object>): void => {
    callback(toServiceError(unimplemented(name)));
  };
}

/** Returns the same for a method that answers with a stream. */
export function unimplementedStreamHandler(
  name: string,
): handleServerStreamingCall<Received, object> {
  return (call: ServerWritableStream<Received, object>): void => {
    call.emit("error", toServiceError(unimplemented(name)));
  };
}

function unimplemented(name: string): StatusError {
  return new StatusError(status.UNIMPLEMENTED, `${name} is not part of the embedded Firestore.`);
}

// The one place where a message of the wire gets the type that its method expects.
function messageOf(received: Received): never {
  if (received.requestBytes > requestBytesMax) {
    throw invalidArgument(
      `Request payload size exceeds the limit: ${requestBytesMax} bytes (got ${received.requestBytes}).`,
    );
  }
  return received.message as never;
}

/** Returns an error in the form that grpc-js sends; what has no status is INTERNAL. */
export function toServiceError(error: unknown): ServiceError {
  const known = error instanceof StatusError;
  const code = known ? error.code : status.INTERNAL;
  const details = known ? error.details : String(error);
  return Object.assign(new Error(details), { code, details, metadata: undefined as never });
}
