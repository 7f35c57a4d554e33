/** A composite index of Firestore: recorded; the embedded server finds documents without. */
import type { Properties } from "../values.ts";
import { databaseOf, list, type ResourceKind, text } from "./resource-kind.ts";

/** Source: firebase.google.com/docs/firestore/quotas, fields of a composite index. */
const FIELDS_MAX = 100;

export const compositeIndex: ResourceKind = {
  type: "gcp:firestore/index:Index",
  apis: ["firestore.googleapis.com"],
  fixed: [],
  check(check) {
    const fields = check.count("fields");
    if (fields > FIELDS_MAX) check.fail("fields", `at most ${FIELDS_MAX} are accepted`);
    for (let i = 0; i < fields; i++) {
      check.oneOf(`fields[${i}].order`, ["ASCENDING", "DESCENDING"]);
    }
  },
  id: nameOf,
  create(inputs, cloud) {
    cloud.get(databaseOf(inputs));
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs) };
  },
  delete: (inputs, cloud) => cloud.remove(nameOf(inputs)),
};

function nameOf(inputs: Properties): string {
  const fields = JSON.stringify([inputs["queryScope"], list(inputs, "fields")]);
  const id = Buffer.from(fields).toString("base64url");
  return `${databaseOf(inputs)}/collectionGroups/${text(inputs, "collection")}/indexes/${id}`;
}
