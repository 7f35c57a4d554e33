/**
 * The definition of the service google.firestore.v1.Firestore.
 *
 * Owns: finding it in the installed client's own package, so that there is no copy here to grow old.
 * Does not own: the shape of the messages (wire.ts).
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { MeshError } from "../../sdk/model/errors.ts";

/** A request as it came in. */
export interface Received {
  readonly message: unknown;
  readonly requestBytes: number;
}

const serviceName = "google.firestore.v1.Firestore";
const candidates = [
  "firestore-api/build/protos/protos.json",
  "firestore/build/protos/v1.json",
] as const;

/**
 * Returns the service's definition; its requests are `Received`, so that their size is known.
 *
 * @throws ERR_EMULATOR when the client's package is not installed
 */
export function loadFirestoreService(): ServiceDefinition {
  const service = fromJSON(readDescriptor(), {
    longs: String,
    enums: String,
    oneofs: true,
    arrays: true,
    objects: true,
  })[serviceName];
  if (service === undefined) throw missing(new Error(`no ${serviceName} in the descriptor`));
  const methods = Object.entries(service as ServiceDefinition);
  return Object.fromEntries(methods.map(([name, method]) => [name, withSize(method)]));
}

function withSize(method: MethodDefinition<unknown, unknown>): MethodDefinition<unknown, unknown> {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer): Received => ({
      message: method.requestDeserialize(bytes),
      requestBytes: bytes.length,
    }),
  };
}

// The packages' "exports" do not let the file be imported, so it is read by its path.
function readDescriptor(): Parameters<typeof fromJSON>[0] {
  const require = createRequire(import.meta.url);
  let lastError: unknown;
  for (const candidate of candidates) {
    try {
      return JSON.parse(readFileSync(join(googleCloudFolder(require), candidate), "utf8"));
    } catch (error) {
      lastError = error;
    }
  }
  throw missing(lastError);
}

function googleCloudFolder(require: NodeJS.Require): string {
  // …/node_modules/@google-cloud/firestore/build/src/index.js
  const main = require.resolve("@google-cloud/firestore");
  const at = main.lastIndexOf(join("@google-cloud", "firestore"));
  return at < 0 ? dirname(main) : join(main.slice(0, at), "@google-cloud");
}

function missing(cause: unknown): MeshError {
  return new MeshError(
    "ERR_EMULATOR",
    "The embedded Firestore needs the service definition that @google-cloud/firestore ships. Run `npm install`.",
    { cause },
  );
}
