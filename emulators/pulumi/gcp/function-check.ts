/**
 * Function check: which inputs Google accepts for a Cloud Function.
 *
 * Sources: docs.cloud.google.com/functions/quotas, docs.cloud.google.com/run/docs/configuring/
 * {services/memory-limits,services/cpu,max-instances}, docs.cloud.google.com/run/docs/container-contract.
 */
import { isObject } from "../values.ts";
import { functionUrl } from "./cloud.ts";
import type { InputCheck } from "./input-check.ts";

/** Requests that one instance takes at most. */
export const CONCURRENCY_MAX = 1_000;
/** Instances, where nothing is said. */
export const INSTANCES_DEFAULT = 100;

const NAME_CHARS_MAX = 63;
/** A label of a host name: name and project number must fit into one. */
const HOST_LABEL_CHARS_MAX = 63;
const MEMORY_MIB = { min: 128, max: 32_768 } as const;
const TIMEOUT_SECONDS = { min: 1, max: 3_600 } as const;
const ENVIRONMENT_BYTES_MAX = 32_768;
const RUNTIMES = ["nodejs22", "nodejs24"];
const INGRESS = ["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"];
/** Names that the platform sets itself. */
const RESERVED = /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION|FUNCTION_\w+|X_GOOGLE_\w*)$/;

/** Says what Google would not accept. */
export function checkFunction(check: InputCheck): void {
  const words = "[a-z]([a-z0-9-]*[a-z0-9])?";
  check.text("name", {
    min: 1,
    max: NAME_CHARS_MAX,
    pattern: /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
    words,
  });
  check.text("location", {
    pattern: /^[a-z]+-[a-z]+\d+$/,
    words: "a region, such as europe-west1",
  });
  checkHost(check);
  check.oneOf("buildConfig.runtime", RUNTIMES);
  for (const needed of ["runtime", "entryPoint", "source.storageSource.bucket"]) {
    const path = `buildConfig.${needed}`;
    if (isMissing(check, path)) check.fail(path, "is needed");
  }
  if (isMissing(check, "serviceConfig.serviceAccountEmail")) {
    check.fail(
      "serviceConfig.serviceAccountEmail",
      "give one: the default account may do too much",
    );
  }
  check.number("serviceConfig.timeoutSeconds", TIMEOUT_SECONDS);
  check.number("serviceConfig.maxInstanceRequestConcurrency", { min: 1, max: CONCURRENCY_MAX });
  check.oneOf("serviceConfig.ingressSettings", INGRESS);
  check.labels();
  checkSize(check);
  checkEnvironment(check);
}

/** Nothing stands there; an unknown value does, but `at` does not tell it. */
function isMissing(check: InputCheck, path: string): boolean {
  const above = path.slice(0, path.lastIndexOf("."));
  const parent = check.at(above);
  return isObject(parent) && parent[path.slice(above.length + 1)] === undefined;
}

function checkHost(check: InputCheck): void {
  const name = check.at("name");
  if (typeof name !== "string") return;
  const label = new URL(functionUrl(name, "r")).hostname.split(".")[0] ?? "";
  if (label.length <= HOST_LABEL_CHARS_MAX) return;
  const chars = HOST_LABEL_CHARS_MAX - (label.length - name.length);
  check.fail("name", `"${name}" is too long for its address: at most ${chars} characters`);
}

function checkSize(check: InputCheck): void {
  const memory = check.at("serviceConfig.availableMemory");
  if (typeof memory === "string") {
    const mebibytes = mebibytesOf(memory);
    if (mebibytes === undefined || mebibytes < MEMORY_MIB.min || mebibytes > MEMORY_MIB.max) {
      check.fail("serviceConfig.availableMemory", `"${memory}" is not between 128Mi and 32Gi`);
    }
  }
  const cpu = check.at("serviceConfig.availableCpu");
  const concurrency = check.at("serviceConfig.maxInstanceRequestConcurrency");
  if (typeof concurrency === "number" && concurrency > 1 && Number(cpu ?? 1) < 1) {
    check.fail("serviceConfig.availableCpu", "must be 1 or more where concurrency is more than 1");
  }
  const most = check.at("serviceConfig.maxInstanceCount");
  const least = check.at("serviceConfig.minInstanceCount");
  if (typeof most === "number" && (most < 1 || Number(least ?? 0) > most)) {
    check.fail("serviceConfig.maxInstanceCount", `${most} is less than 1 or than minInstanceCount`);
  }
}

function checkEnvironment(check: InputCheck): void {
  const path = "serviceConfig.environmentVariables";
  const env = check.at(path);
  if (!isObject(env)) return;
  let bytes = 0;
  for (const [name, value] of Object.entries(env)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(String(value));
    if (!/^[A-Za-z_]\w*$/.test(name)) check.fail(`${path}.${name}`, "is no name of a variable");
    if (RESERVED.test(name)) check.fail(`${path}.${name}`, "is set by the platform");
    if (typeof value !== "string") check.fail(`${path}.${name}`, "must be a string");
  }
  if (bytes > ENVIRONMENT_BYTES_MAX) {
    check.fail(path, `has ${bytes} bytes; at most ${ENVIRONMENT_BYTES_MAX} are accepted`);
  }
}

/** Returns an amount of memory in MiB; undefined for what is none. */
export function mebibytesOf(memory: string): number | undefined {
  const factors: Readonly<Record<string, number>> = {
    M: 1e6 / 2 ** 20,
    Mi: 1,
    G: 1e9 / 2 ** 20,
    Gi: 1_024,
  };
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(Mi|Gi|M|G)$/.exec(memory) ?? [];
  const factor = factors[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
