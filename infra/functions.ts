/**
 * Functions: one Cloud Function a stage, and one for the tracker.
 *
 * Owns: what a function is declared with. Does not own: its code (code-bundle.ts), who calls it
 * (feeds.ts), what it may do (rights.ts).
 *
 * FN1. It is built from one file without dependencies, and no script runs while it is built.
 * FN2. It takes requests from inside of the project alone, and from who may invoke it.
 */
import { Function as CloudFunction } from "@pulumi/gcp/cloudfunctionsv2/function.js";
import type { BucketObject } from "@pulumi/gcp/storage/bucketObject.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import type { MeshPlatform } from "./platform.ts";
import type { FunctionSettings } from "./settings.ts";

/** What the function of the tracker is called beside those of stages. */
export const TRACKER = "tracker";

/**
 * How long a request may take, in s: three tries of a bundle whose code never ends (`userCodeMsMax`),
 * and what is set aside then. Pub/Sub gives up waiting at the ack deadline, and delivers again.
 */
const TIMEOUT_SECONDS = 540;

/** Where a variable has its value from. */
export interface SecretSource {
  /** Id of a secret of the project. */
  readonly secret: string;
  readonly version: Input<string>;
}

/** One function. */
export interface FunctionInput {
  readonly platform: MeshPlatform;
  /** At Google. */
  readonly name: string;
  readonly description: string;
  readonly code: BucketObject;
  readonly settings: FunctionSettings;
  readonly account: Input<string>;
  readonly variables: Input<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Declares a function. */
export function declareFunction(
  resource: string,
  input: FunctionInput,
  options: CustomResourceOptions,
): CloudFunction {
  const { platform, name, description, code, settings, labels } = input;
  const { project, region } = platform;
  const { kmsKey, repository } = platform.args;
  const secrets = Object.entries(input.secrets).map(([key, { secret, version }]) => ({
    key,
    projectId: project,
    secret,
    version,
  }));
  return new CloudFunction(
    resource,
    {
      project,
      name,
      location: region,
      description,
      labels,
      ...(kmsKey !== undefined && { kmsKeyName: kmsKey }),
      buildConfig: {
        runtime: "nodejs24",
        entryPoint: "handle",
        source: { storageSource: { bucket: platform.bucket.name, object: code.name } },
        serviceAccount: platform.buildAccount.id,
        // Empty: none.
        environmentVariables: { GOOGLE_NODE_RUN_SCRIPTS: "" },
        automaticUpdatePolicy: {},
        ...(repository !== undefined && { dockerRepository: repository }),
      },
      serviceConfig: {
        serviceAccountEmail: input.account,
        availableMemory: settings.memory,
        availableCpu: settings.cpu,
        maxInstanceRequestConcurrency: settings.concurrency,
        minInstanceCount: 0,
        maxInstanceCount: settings.maxInstances,
        timeoutSeconds: TIMEOUT_SECONDS,
        ingressSettings: "ALLOW_INTERNAL_ONLY",
        allTrafficOnLatestRevision: true,
        environmentVariables: input.variables,
        ...(secrets.length > 0 && { secretEnvironmentVariables: secrets }),
      },
    },
    options,
  );
}
