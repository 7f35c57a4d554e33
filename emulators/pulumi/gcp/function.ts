/**
 * A Cloud Function: code of the bucket, unpacked and run by the function host.
 *
 * Owns: what a deployment of Google's does: look up code, account and secrets, build, start. Does
 * not own: the inputs' limits (function-check.ts), processes (function-host.ts).
 */
import { cp, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { FunctionSpec } from "../../function-host.ts";
import { isObject, type Properties, type PropertyValue } from "../values.ts";
import { fileOf, objectName } from "./bucket-object.ts";
import { requireBuildRights } from "./build.ts";
import { functionUrl, type LocalCloud } from "./cloud.ts";
import {
  CONCURRENCY_MAX,
  checkFunction,
  INSTANCES_DEFAULT,
  mebibytesOf,
} from "./function-check.ts";
import { list, object, type ResourceKind, text } from "./resource-kind.ts";
import { secretValue } from "./secret-version.ts";

export const cloudFunction: ResourceKind = {
  type: "gcp:cloudfunctionsv2/function:Function",
  apis: [
    "cloudfunctions.googleapis.com",
    "run.googleapis.com",
    "cloudbuild.googleapis.com",
    "artifactregistry.googleapis.com",
  ],
  fixed: ["project", "name", "location", "kmsKeyName"],
  check: checkFunction,
  id: nameOf,
  async create(inputs, cloud) {
    cloud.add(serviceName(inputs), inputs);
    try {
      await deploy(inputs, cloud);
    } catch (error) {
      // What did not start is not there: the next run makes it anew.
      await withdraw(inputs, cloud);
      throw error;
    }
    return outputsOf(inputs);
  },
  async update(inputs, cloud) {
    await deploy(inputs, cloud);
    cloud.put(serviceName(inputs), inputs);
    return outputsOf(inputs);
  },
  delete: withdraw,
};

async function withdraw(inputs: Properties, cloud: LocalCloud): Promise<void> {
  cloud.functions.unroute(hostOf(inputs));
  await cloud.functions.remove(text(inputs, "name"));
  await rm(join(cloud.folder, "functions", text(inputs, "name")), { recursive: true, force: true });
  cloud.remove(serviceName(inputs));
}

function nameOf(inputs: Properties): string {
  const { project, location, name } = inputs;
  return `projects/${project}/locations/${location}/functions/${name}`;
}

/** The Cloud Run service behind a function, on which rights to call it are given. */
function serviceName(inputs: Properties): string {
  return nameOf(inputs).replace("/functions/", "/services/");
}

function hostOf(inputs: Properties): string {
  return new URL(functionUrl(text(inputs, "name"), text(inputs, "location"))).host;
}

function outputsOf(inputs: Properties): Properties {
  const name = text(inputs, "name");
  const location = text(inputs, "location");
  const service = serviceName(inputs);
  const uri = functionUrl(name, location);
  return {
    environment: "GEN_2",
    state: "ACTIVE",
    url: `https://${location}-${text(inputs, "project")}.cloudfunctions.net/${name}`,
    serviceConfig: { ...object(inputs, "serviceConfig"), uri, gcfUri: uri, service },
  };
}

async function deploy(inputs: Properties, cloud: LocalCloud): Promise<void> {
  const build = object(inputs, "buildConfig");
  const service = object(inputs, "serviceConfig");
  const email = text(service, "serviceAccountEmail");
  cloud.requireAccount(email);
  const builder = text(build, "serviceAccount");
  if (builder !== "") {
    cloud.get(builder);
    const [name, location] = [text(inputs, "name"), text(inputs, "location")];
    requireBuildRights({ name, location, builder }, cloud);
  }
  const folder = await unpack(inputs, build, cloud);
  cloud.functions.route(hostOf(inputs), text(inputs, "name"));
  await cloud.functions.replace({
    ...specOf(service),
    name: text(inputs, "name"),
    folder,
    entryPoint: text(build, "entryPoint"),
    env: {
      ...(object(service, "environmentVariables") as Record<string, string>),
      ...secretsOf(service, email, cloud),
      ...(await identityOf(email, cloud)),
    },
  });
}

/** What the metadata server tells a function at Google, variables tell it here. */
async function identityOf(email: string, cloud: LocalCloud): Promise<Record<string, string>> {
  const { world } = cloud;
  return {
    ...(await world.accessFor(`serviceAccount:${email}`)),
    ...(world.issuer !== undefined && { TIDEMARK_PUSH_KEYS_URL: world.issuer.keysUrl }),
    // The log stays on this machine, and its author wants to read it.
    TIDEMARK_LOG_MESSAGES: "1",
  };
}

/**
 * One process takes here what all instances together take at Google, so that a small machine is not
 * filled with processes.
 */
function specOf(
  service: Properties,
): Pick<FunctionSpec, "concurrency" | "deadlineMs" | "memoryMb"> {
  const instances = Number(service["maxInstanceCount"] ?? INSTANCES_DEFAULT);
  const each = Number(service["maxInstanceRequestConcurrency"] ?? 1);
  const memoryMb = mebibytesOf(text(service, "availableMemory"));
  return {
    concurrency: Math.min(each * instances, CONCURRENCY_MAX),
    deadlineMs: Number(service["timeoutSeconds"] ?? 60) * 1_000,
    ...(memoryMb !== undefined && { memoryMb: Math.floor(memoryMb) }),
  };
}

/** Takes the code out of the bucket, and checks what Cloud Build would fail at. */
async function unpack(inputs: Properties, build: Properties, cloud: LocalCloud): Promise<string> {
  const source = object(object(build, "source"), "storageSource");
  const uploaded = { bucket: text(source, "bucket"), name: text(source, "object") };
  cloud.get(objectName(uploaded));
  const from = fileOf(uploaded, cloud);
  const name = text(inputs, "name");
  if (!(await stat(from)).isDirectory()) {
    throw buildError(name, "the local world takes code as a folder (FileArchive), not as a file");
  }
  const revision = encodeURIComponent(uploaded.name);
  const to = join(cloud.folder, "functions", name, revision);
  await cp(from, to, { recursive: true });
  const main = await mainOf(to);
  const found = await stat(join(to, main)).catch(() => undefined);
  if (found === undefined) throw buildError(name, `there is no ${main} in its code`);
  return to;
}

async function mainOf(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
  const { main = "index.js" } = JSON.parse(manifest) as { readonly main?: string };
  return main;
}

function buildError(name: string, reason: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, `Function ${name} can't be built: ${reason}.`);
}

function secretsOf(service: Properties, email: string, cloud: LocalCloud): Record<string, string> {
  const wanted = list(service, "secretEnvironmentVariables").filter((each: PropertyValue) =>
    isObject(each),
  ) as readonly Properties[];
  return Object.fromEntries(
    wanted.map((each) => {
      const of = { secret: text(each, "secret"), version: text(each, "version") };
      return [text(each, "key"), secretValue(of, email, cloud)];
    }),
  );
}
