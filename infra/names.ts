/**
 * Names: what the resources of a pipeline are called at Google.
 *
 * Owns: the names that a plan does not give (sdk/compile/names.ts gives those of topics), and that
 * they fit each service's limits.
 *
 * NM1. A name depends on what it names alone: nothing is renamed by what is declared beside it.
 * NM2. A name that is too long is cut and ends in a hash of the whole, so that two never meet.
 */
import { createHash } from "node:crypto";

/**
 * A function's URL is `https://NAME-PROJECTNUMBER.REGION.run.app`: a label of a host name has 63
 * characters (RFC 1035), a project number 13 at most.
 *
 * @see https://docs.cloud.google.com/run/docs/triggering/https-request
 */
const FUNCTION_CHARS_MAX = 49;
/** @see https://docs.cloud.google.com/iam/docs/service-accounts-create */
const ACCOUNT_CHARS_MAX = 30;
/** @see https://docs.cloud.google.com/storage/docs/buckets#naming */
const BUCKET_CHARS_MAX = 63;
/** @see https://docs.cloud.google.com/resource-manager/docs/labels-overview */
const LABEL_CHARS_MAX = 63;

/** @see https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics */
const LOG_METRIC_CHARS_MAX = 100;

/** @see https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create */
const SECRET_CHARS_MAX = 255;
/** Of what stands in a resource's name for an address. */
const ADDRESS_CHARS_MAX = 40;

const HASH_DIGITS = 6;

/** Returns the name of a function: of a stage, or `tracker`. */
export function functionName(pipeline: string, stage: string): string {
  return shortened(`tm-${pipeline}-${stage}`, FUNCTION_CHARS_MAX);
}

/** Returns the URL that a function has, also before it stands. */
export function functionUrl(name: string, projectNumber: string, region: string): string {
  return `https://${name}-${projectNumber}.${region}.run.app`;
}

/** Returns the id of the service account that a function runs as. */
export function accountId(pipeline: string, role: string): string {
  return shortened(`tm-${pipeline}-${role}`, ACCOUNT_CHARS_MAX);
}

/** Returns the e-mail address of a service account. */
export function accountEmail(id: string, project: string): string {
  return `${id}@${project}.iam.gserviceaccount.com`;
}

/** Returns the name of the bucket that functions are built from; names of buckets are the world's. */
export function sourceBucketName(project: string, stack: string): string {
  return shortened(`tidemark-${project}-${slug(stack)}`, BUCKET_CHARS_MAX);
}

/** Returns the id of the service account that builds functions. */
export function buildAccountId(stack: string): string {
  return shortened(`tm-build-${slug(stack)}`, ACCOUNT_CHARS_MAX);
}

/** Returns the name of a pipeline's queue. */
export function queueName(pipeline: string): string {
  return `tm-${pipeline}`;
}

/** Returns the name of the topic, and its subscription, that keeps what could not be delivered. */
export function undeliveredName(pipeline: string): string {
  return `tm-${pipeline}-undelivered`;
}

/** Returns the name of the log-based metric of a pipeline's watermarks. */
export function watermarkMetricName(pipeline: string): string {
  const kind = "/watermark_lag";
  return shortened(`tm-${pipeline}`, LOG_METRIC_CHARS_MAX - kind.length) + kind;
}

/** Returns the id of the secret that a stack makes for a variable. */
export function secretId(stack: string, variable: string): string {
  return shortened(`tm-${slug(stack)}-${variable}`, SECRET_CHARS_MAX);
}

/** Returns what stands for a mail address in names; a hash keeps apart what reads the same. */
export function channelLabel(email: string): string {
  return `${slug(email).slice(0, ADDRESS_CHARS_MAX)}-${hashOf(email)}`;
}

/** Returns text as the value of a label. */
export function labelValue(text: string): string {
  return shortened(text.toLowerCase().replace(/[^a-z0-9_-]+/g, "-"), LABEL_CHARS_MAX);
}

/** Returns a name of at most so many characters: itself, or its beginning and a hash (NM2). */
export function shortened(name: string, charsMax: number): string {
  if (name.length <= charsMax) return name;
  const beginning = name.slice(0, charsMax - HASH_DIGITS - 1).replace(/-+$/, "");
  return `${beginning}-${hashOf(name)}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
}

function slug(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return words.replace(/^-+|-+$/g, "") || "stack";
}
