/** An object in a bucket: a folder or a file, kept as it is uploaded. */
import { createHash } from "node:crypto";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Properties } from "../values.ts";
import { bucketName } from "./bucket.ts";
import type { LocalCloud } from "./cloud.ts";
import { object, type ResourceKind, text } from "./resource-kind.ts";

/** Source: docs.cloud.google.com/storage/docs/objects#naming, in bytes of UTF-8. */
const NAME_BYTES_MAX = 1_024;

export const bucketObject: ResourceKind = {
  type: "gcp:storage/bucketObject:BucketObject",
  apis: ["storage.googleapis.com"],
  fixed: ["bucket", "name", "source", "content", "contentType"],
  check(check) {
    const name = check.at("name");
    if (typeof name === "string" && Buffer.byteLength(name) > NAME_BYTES_MAX) {
      check.fail("name", `has more than ${NAME_BYTES_MAX} bytes`);
    }
    const { source, content } = check.inputs;
    if ((source === undefined) === (content === undefined)) {
      check.fail("source", "give either source or content");
    }
  },
  id: (inputs) => `${text(inputs, "bucket")}-${text(inputs, "name")}`,
  async create(inputs, cloud) {
    cloud.get(bucketName(text(inputs, "bucket")));
    const file = fileOf(inputs, cloud);
    const source = object(inputs, "source");
    await rm(file, { recursive: true, force: true });
    await mkdir(dirname(file), { recursive: true });
    if (typeof source["path"] === "string") await cp(source["path"], file, { recursive: true });
    else await writeFile(file, text(source, "text") || text(inputs, "content"));
    const name = objectName(inputs);
    if (cloud.has(name)) cloud.put(name, inputs);
    else cloud.add(name, inputs);
    const hash = text(source, "hash") || text(inputs, "content");
    return {
      outputName: text(inputs, "name"),
      md5hash: createHash("md5").update(hash).digest("base64"),
      mediaLink: `https://storage.googleapis.com/${text(inputs, "bucket")}/${text(inputs, "name")}`,
    };
  },
  update(inputs, cloud) {
    cloud.put(objectName(inputs), inputs);
    return {};
  },
  async delete(inputs, cloud) {
    await rm(fileOf(inputs, cloud), { recursive: true, force: true });
    // A bucket that was emptied has taken it along.
    if (cloud.has(objectName(inputs))) cloud.remove(objectName(inputs));
  },
};

/** The full name of an object. */
export function objectName(inputs: Properties): string {
  return `${bucketName(text(inputs, "bucket"))}/objects/${text(inputs, "name")}`;
}

/** Where an object's content is. */
export function fileOf(inputs: Properties, { folder }: Pick<LocalCloud, "folder">): string {
  const name = encodeURIComponent(text(inputs, "name"));
  return join(folder, "buckets", text(inputs, "bucket"), name);
}
