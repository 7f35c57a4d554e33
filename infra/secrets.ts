/**
 * Secrets: values that the stack's configuration holds encrypted → secrets of Secret Manager.
 *
 * Owns: the secret and its version. Does not own: who may read it (rights.ts), how functions get it
 * (functions.ts), secrets that are there already (config.ts names them).
 *
 * SM1. A value is in no output and in no plain text of the state: it is marked as a secret before it
 *      reaches Pulumi, and functions are told the number of its version.
 *
 * A value that changes is a new version. Functions name it, so they take it in the same `pulumi up`;
 * the version before is destroyed after that.
 */
import { Secret } from "@pulumi/gcp/secretmanager/secret.js";
import { SecretVersion } from "@pulumi/gcp/secretmanager/secretVersion.js";
import { type CustomResourceOptions, type Input, secret } from "@pulumi/pulumi";

/** A secret that this stack has made. */
export interface MadeSecret {
  readonly resource: Secret;
  readonly id: string;
  readonly version: SecretVersion;
}

/** What a secret is made of. */
export interface SecretInput {
  readonly project: string;
  /** The only place where its value is kept. */
  readonly region: string;
  readonly id: string;
  readonly value: Input<string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly kmsKey: string | undefined;
}

/** Declares a secret with one value. */
export function declareSecret(
  name: string,
  { project, region, id, value, labels, kmsKey }: SecretInput,
  options: CustomResourceOptions,
): MadeSecret {
  const key = kmsKey === undefined ? {} : { customerManagedEncryption: { kmsKeyName: kmsKey } };
  const replication = { userManaged: { replicas: [{ location: region, ...key }] } };
  const resource = new Secret(name, { project, secretId: id, replication, labels }, options);
  const version = new SecretVersion(
    name,
    { secret: resource.id, secretData: secret(value) },
    { parent: resource },
  );
  return { resource, id, version };
}
