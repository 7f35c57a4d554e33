/**
 * `grpc-status-details-bin`: why single acknowledgement ids failed.
 *
 * Owns: encoding google.rpc.Status with one google.rpc.ErrorInfo. Three messages of a few fields are
 * written by hand: their descriptors are not among those that the client ships.
 *
 *   Status    { int32 code = 1; string message = 2; repeated Any details = 3; }
 *   Any       { string type_url = 1; bytes value = 2; }
 *   ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
 *
 * @see https://docs.cloud.google.com/pubsub/docs/exactly-once-delivery
 */
import { Metadata, status } from "@grpc/grpc-js";
import { DetailedError } from "./unary.ts";

/** Returns the error that says which acknowledgement ids don't count. */
export function invalidAckIdsError(ackIds: readonly string[]): DetailedError {
  const details = "Some acknowledgement ids in the request were invalid.";
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", encodeStatus(details, ackIds));
  return new DetailedError(status.INVALID_ARGUMENT, details, metadata);
}

function encodeStatus(message: string, ackIds: readonly string[]): Buffer {
  const info = Buffer.concat([
    textField(1, "INVALID_ACK_IDS"),
    textField(2, "pubsub.googleapis.com"),
    ...ackIds.map((ackId) => {
      const entry = [textField(1, ackId), textField(2, "PERMANENT_FAILURE_INVALID_ACK_ID")];
      return bytesField(3, Buffer.concat(entry));
    }),
  ]);
  const any = Buffer.concat([
    textField(1, "type.googleapis.com/google.rpc.ErrorInfo"),
    bytesField(2, info),
  ]);
  const code = Buffer.from([1 << 3, status.INVALID_ARGUMENT]);
  return Buffer.concat([code, textField(2, message), bytesField(3, any)]);
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

function bytesField(field: number, bytes: Buffer): Buffer {
  const lengthDelimited = 2;
  return Buffer.concat([
    Buffer.from([(field << 3) | lengthDelimited]),
    varint(bytes.length),
    bytes,
  ]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  bytes.push(left);
  return Buffer.from(bytes);
}
