/** A value of a secret, and giving it to a function whose account may have it. */
import { createHash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Properties } from "../values.ts";
import type { LocalCloud } from "./cloud.ts";
import { lastPart, type ResourceKind, text } from "./resource-kind.ts";

/** Bytes. Source: docs.cloud.google.com/secret-manager/quotas, payload of a version. */
const VALUE_BYTES_MAX = 65_536;

export const secretVersion: ResourceKind = {
  type: "gcp:secretmanager/secretVersion:SecretVersion",
  apis: ["secretmanager.googleapis.com"],
  fixed: ["secret", "secretData"],
  check(check) {
    const value = check.at("secretData");
    if (typeof value === "string" && Buffer.byteLength(value) > VALUE_BYTES_MAX) {
      check.fail("secretData", `has more than ${VALUE_BYTES_MAX} bytes`);
    }
  },
  // Google counts versions; what a version was made from tells them apart here.
  id: (inputs) => `${text(inputs, "secret")}/versions/${hashOf(inputs)}`,
  create(inputs, cloud) {
    const parent = text(inputs, "secret");
    cloud.get(parent);
    const numbers = cloud.names(`${parent}/versions/`).map((name) => Number(lastPart(name)));
    const version = String(Math.max(0, ...numbers) + 1);
    cloud.add(`${parent}/versions/${version}`, inputs);
    return { name: `${parent}/versions/${version}`, version };
  },
  update: () => ({}),
  delete(inputs, cloud) {
    const versions = cloud.names(`${text(inputs, "secret")}/versions/`);
    const found = versions.find(
      (name) => text(cloud.get(name), "secretData") === text(inputs, "secretData"),
    );
    if (found !== undefined) cloud.remove(found);
  },
};

/**
 * Returns a secret's value, as a revision of Cloud Run gets it when it starts.
 *
 * @throws StatusError NOT_FOUND, or PERMISSION_DENIED if the account may not read it
 */
export function secretValue(
  { secret, version }: { readonly secret: string; readonly version: string },
  email: string,
  cloud: LocalCloud,
): string {
  const parent = `projects/${cloud.project}/secrets/${lastPart(secret)}`;
  const numbers = cloud.names(`${parent}/versions/`).map((name) => Number(lastPart(name)));
  const wanted = version === "latest" ? Math.max(0, ...numbers) : version;
  const name = `${parent}/versions/${wanted}`;
  const member = `serviceAccount:${email}`;
  const decision = cloud.policy.check(member, "secretmanager.versions.access", parent);
  if (!decision.isAllowed) {
    throw new StatusError(
      status.PERMISSION_DENIED,
      `Permission denied on secret: ${name} for Revision service account ${email}. ` +
        "Grant it roles/secretmanager.secretAccessor on the secret.",
    );
  }
  return text(cloud.get(name), "secretData");
}

function hashOf(inputs: Properties): string {
  return createHash("sha256").update(text(inputs, "secretData")).digest("hex").slice(0, 16);
}
