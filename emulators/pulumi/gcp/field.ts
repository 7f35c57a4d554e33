/** What a field of a Firestore collection has of indexes and of expiry: recorded. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { Properties } from "../values.ts";
import { databaseOf, type ResourceKind, text } from "./resource-kind.ts";

export const field: ResourceKind = {
  type: "gcp:firestore/field:Field",
  apis: ["firestore.googleapis.com"],
  fixed: ["project", "database", "collection", "field"],
  check(check) {
    for (let i = 0; i < check.count("indexConfig.indexes"); i++) {
      check.oneOf(`indexConfig.indexes[${i}].order`, ["ASCENDING", "DESCENDING"]);
      check.oneOf(`indexConfig.indexes[${i}].arrayConfig`, ["CONTAINS"]);
    }
    if (check.at("field") === "*" && check.inputs["ttlConfig"] !== undefined) {
      check.fail("ttlConfig", "expiry goes by one field, not by *");
    }
  },
  id: nameOf,
  create(inputs, cloud) {
    cloud.get(databaseOf(inputs));
    requireOneExpiry(
      inputs,
      cloud.names(`${collectionOf(inputs)}/`).map((name) => cloud.get(name)),
    );
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs) };
  },
  update(inputs, cloud) {
    cloud.put(nameOf(inputs), inputs);
    return {};
  },
  delete: (inputs, cloud) => cloud.remove(nameOf(inputs)),
};

function collectionOf(inputs: Properties): string {
  return `${databaseOf(inputs)}/collectionGroups/${text(inputs, "collection")}/fields`;
}

function nameOf(inputs: Properties): string {
  return `${collectionOf(inputs)}/${text(inputs, "field")}`;
}

/** Source: firebase.google.com/docs/firestore/ttl, "one field per collection group". */
function requireOneExpiry(inputs: Properties, others: readonly Properties[]): void {
  if (inputs["ttlConfig"] === undefined) return;
  if (!others.some((other) => other["ttlConfig"] !== undefined)) return;
  throw new StatusError(
    status.FAILED_PRECONDITION,
    `Collection ${text(inputs, "collection")} has a field for expiry already; it may have one.`,
  );
}
