/**
 * The gRPC descriptors of google.pubsub.v1, from the installed client library.
 *
 * Owns: finding and loading them. Nothing is copied into this repository: client and server always
 * speak the same version.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON, type PackageDefinition } from "@grpc/proto-loader";
import { MeshError } from "../../../sdk/model/errors.ts";

/** The two services of google.pubsub.v1 that this server runs. */
interface PubsubServices {
  readonly publisher: ServiceDefinition;
  readonly subscriber: ServiceDefinition;
}

/**
 * Loads the services.
 *
 * @throws MeshError ERR_EMULATOR if @google-cloud/pubsub is not installed
 */
export function loadServices(): PubsubServices {
  const definition = loadDefinition();
  return {
    publisher: serviceOf(definition, "google.pubsub.v1.Publisher"),
    subscriber: serviceOf(definition, "google.pubsub.v1.Subscriber"),
  };
}

function loadDefinition(): PackageDefinition {
  try {
    const require = createRequire(import.meta.url);
    const client = require.resolve("@google-cloud/pubsub/package.json");
    const path = join(client, "..", "build", "protos", "protos.json");
    return fromJSON(JSON.parse(readFileSync(path, "utf8")), {
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    });
  } catch (cause) {
    throw new MeshError(
      "ERR_EMULATOR",
      "The Pub/Sub server takes its protocol from the package @google-cloud/pubsub, and can't find " +
        "build/protos/protos.json there. Install @google-cloud/pubsub 6.3.0.",
      { cause },
    );
  }
}

function serviceOf(definition: PackageDefinition, name: string): ServiceDefinition {
  const service = definition[name];
  if (service === undefined || "format" in service) {
    throw new MeshError("ERR_EMULATOR", `The installed @google-cloud/pubsub has no ${name}.`);
  }
  return service as ServiceDefinition;
}
