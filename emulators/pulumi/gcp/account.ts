/** A service account of the project. */
import { createHash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Properties } from "../values.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

/** How many a project may have. Source: docs.cloud.google.com/iam/quotas, the default. */
const ACCOUNTS_MAX = 100;
/** Source: docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create. */
const ID = {
  min: 6,
  max: 30,
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])$/,
  words: "[a-z]([-a-z0-9]*[a-z0-9])",
};
const DISPLAY_CHARS_MAX = 100;
const DESCRIPTION_CHARS_MAX = 256;

export const account: ResourceKind = {
  type: "gcp:serviceaccount/account:Account",
  apis: ["iam.googleapis.com"],
  fixed: ["project", "accountId"],
  check(check) {
    check.text("accountId", ID);
    check.text("displayName", { max: DISPLAY_CHARS_MAX });
    check.text("description", { max: DESCRIPTION_CHARS_MAX });
  },
  id: (inputs) => `projects/${text(inputs, "project")}/serviceAccounts/${emailOf(inputs)}`,
  create(inputs, cloud) {
    const email = emailOf(inputs);
    const made = cloud.names(cloud.accountName("")).filter((name) => !name.includes("@gcp-sa-"));
    if (made.length >= ACCOUNTS_MAX) {
      throw new StatusError(
        status.RESOURCE_EXHAUSTED,
        `Project ${cloud.project} has ${ACCOUNTS_MAX} service accounts already. ` +
          "Let stages share one, or ask Google for more.",
      );
    }
    cloud.add(cloud.accountName(email), inputs);
    const uniqueId = BigInt(`0x${createHash("sha256").update(email).digest("hex").slice(0, 16)}`);
    return {
      email,
      member: `serviceAccount:${email}`,
      name: cloud.accountName(email),
      uniqueId: String(uniqueId).padStart(21, "1"),
    };
  },
  update(inputs, cloud) {
    cloud.put(cloud.accountName(emailOf(inputs)), inputs);
    return {};
  },
  delete: (inputs, cloud) => cloud.remove(cloud.accountName(emailOf(inputs))),
};

function emailOf(inputs: Properties): string {
  return `${text(inputs, "accountId")}@${text(inputs, "project")}.iam.gserviceaccount.com`;
}
