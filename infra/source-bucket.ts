/**
 * Source bucket: where the code of functions lies before it is built.
 *
 * Owns: the bucket, and that an object's name holds the hash of its content: an object never changes,
 * and a function whose code is as it was is not built again.
 */
import { Bucket } from "@pulumi/gcp/storage/bucket.js";
import { BucketObject } from "@pulumi/gcp/storage/bucketObject.js";
import { asset, type CustomResourceOptions, type Input } from "@pulumi/pulumi";
import type { StageBundle } from "./code-bundle.ts";

/** Where the bucket is. */
export interface BucketInput {
  readonly project: string;
  readonly bucket: string;
  readonly region: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kmsKey: string | undefined;
}

/** Declares the bucket: what lies in it can be made again from the sources at any time. */
export function declareBucket(
  name: string,
  { project, bucket, region, labels, kmsKey }: BucketInput,
  options: CustomResourceOptions,
): Bucket {
  return new Bucket(
    `${name}-source`,
    {
      project,
      name: bucket,
      location: region,
      labels,
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      forceDestroy: true,
      // Deleted objects would be kept, and billed, for a week.
      softDeletePolicy: { retentionDurationSeconds: 0 },
      ...(kmsKey !== undefined && { encryption: { defaultKmsKeyName: kmsKey } }),
    },
    options,
  );
}

/** Declares the code of one function. */
export function declareCode(
  name: string,
  bucket: Input<string>,
  pipeline: string,
  { name: stage, folder, hash }: StageBundle,
  options: CustomResourceOptions,
): BucketObject {
  return new BucketObject(
    name,
    {
      bucket,
      name: `${pipeline}/${stage}/${hash}.zip`,
      source: new asset.FileArchive(folder),
      contentType: "application/zip",
    },
    options,
  );
}
