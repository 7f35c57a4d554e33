/** A bucket of Cloud Storage. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

/** Source: docs.cloud.google.com/storage/docs/buckets#naming; names with dots need a domain. */
const NAME = { min: 3, max: 63, pattern: /^[a-z0-9][a-z0-9_-]*[a-z0-9]$/, words: "[a-z0-9_-]" };

export const bucket: ResourceKind = {
  type: "gcp:storage/bucket:Bucket",
  apis: ["storage.googleapis.com"],
  fixed: ["project", "name", "location"],
  check(check) {
    check.text("name", NAME);
    check.labels();
    check.oneOf("publicAccessPrevention", ["inherited", "enforced"]);
    if (check.inputs["name"] === undefined)
      check.fail("name", "give one: the local world makes up none");
  },
  id: (inputs) => text(inputs, "name"),
  create(inputs, cloud) {
    const name = text(inputs, "name");
    cloud.add(bucketName(name), inputs);
    return { url: `gs://${name}`, selfLink: `https://www.googleapis.com/storage/v1/b/${name}` };
  },
  update(inputs, cloud) {
    cloud.put(bucketName(text(inputs, "name")), inputs);
    return {};
  },
  delete(inputs, cloud) {
    const name = bucketName(text(inputs, "name"));
    const objects = cloud.names(`${name}/objects/`);
    if (objects.length > 0 && inputs["forceDestroy"] !== true) {
      throw new StatusError(
        status.FAILED_PRECONDITION,
        `${name} is not empty: it holds ${objects.length} objects. Delete them first, or set forceDestroy.`,
      );
    }
    for (const object of objects) cloud.remove(object);
    cloud.remove(name);
  },
};

/** The full name of a bucket. */
export function bucketName(name: string): string {
  return `projects/_/buckets/${name}`;
}
