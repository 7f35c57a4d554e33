/** A Firestore database: recorded; its documents are in the embedded server. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Properties } from "../values.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

export const database: ResourceKind = {
  type: "gcp:firestore/database:Database",
  apis: ["firestore.googleapis.com"],
  fixed: ["project", "name", "locationId", "databaseEdition", "cmekConfig"],
  check(check) {
    // Source: docs.cloud.google.com/firestore/docs/manage-databases, "Database ID".
    const pattern = /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/;
    check.text("name", { pattern, words: "(default) or [a-z][a-z0-9-]{2,61}[a-z0-9]" });
    check.oneOf("type", ["FIRESTORE_NATIVE", "DATASTORE_MODE"]);
    check.oneOf("concurrencyMode", ["PESSIMISTIC", "OPTIMISTIC", "OPTIMISTIC_WITH_ENTITY_GROUPS"]);
    const isProtected = ["DELETE_PROTECTION_ENABLED", "DELETE_PROTECTION_DISABLED"];
    check.oneOf("deleteProtectionState", isProtected);
    check.oneOf("deletionPolicy", ["ABANDON", "DELETE"]);
  },
  id: nameOf,
  create(inputs, cloud) {
    cloud.add(nameOf(inputs), inputs);
    return {};
  },
  update(inputs, cloud) {
    cloud.put(nameOf(inputs), inputs);
    return {};
  },
  delete(inputs, cloud) {
    // The provider's own default: a database outlives its stack.
    if (text(inputs, "deletionPolicy") !== "DELETE") return;
    if (inputs["deleteProtectionState"] === "DELETE_PROTECTION_ENABLED") {
      const reason = `${nameOf(inputs)} has deletion protection; turn it off first.`;
      throw new StatusError(status.FAILED_PRECONDITION, reason);
    }
    cloud.world.firestore?.drop(nameOf(inputs));
    cloud.remove(nameOf(inputs));
  },
};

function nameOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/databases/${text(inputs, "name")}`;
}
