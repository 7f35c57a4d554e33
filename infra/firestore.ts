/**
 * Firestore: the database of all pipelines of a stack, and which of its fields have no index.
 *
 * Owns: the database and the exemptions. Does not own: what documents hold (functions/gcp/).
 *
 * FX1. Only what is queried has an index: each entry is a write that is billed in latency, a document
 *      takes 40,000 of them, and a value that has one at most 1,500 bytes.
 *
 * The mesh finds its documents by their ids; two queries go by a field, and none by two, so that no
 * composite index is needed. No document carries an expiry, so that there is no TTL.
 *
 * @see https://firebase.google.com/docs/firestore/query-data/index-overview
 */
import { Database } from "@pulumi/gcp/firestore/database.js";
import { Field } from "@pulumi/gcp/firestore/field.js";
import type { CustomResourceOptions, Input, Resource } from "@pulumi/pulumi";

/** What the database is like. */
export interface DatabaseInput {
  readonly project: string;
  readonly database: string;
  readonly location: string;
  readonly protect: boolean;
  readonly kmsKey: string | undefined;
}

/** Collections of the mesh, and the fields of each that a query goes by. */
export const indexedFields: Readonly<Record<string, readonly string[]>> = {
  heads: [],
  parts: [],
  registers: [],
  jobs: [],
  shards: [],
  deployments: [],
  deadLetters: ["atMs"],
  snapshots: ["part"],
};

/** Declares the database. */
export function declareDatabase(
  name: string,
  input: DatabaseInput,
  options: CustomResourceOptions,
): Database {
  const { project, database, location, protect, kmsKey } = input;
  return new Database(
    `${name}-database`,
    {
      project,
      name: database,
      locationId: location,
      type: "FIRESTORE_NATIVE",
      concurrencyMode: "PESSIMISTIC",
      pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_DISABLED",
      deleteProtectionState: protect ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED",
      deletionPolicy: protect ? "ABANDON" : "DELETE",
      ...(kmsKey !== undefined && { cmekConfig: { kmsKeyName: kmsKey } }),
    },
    { ...options, protect },
  );
}

/** Declares which fields of the mesh's collections have an index, and that all others have none. */
export function declareIndexes(
  name: string,
  project: string,
  database: Input<string>,
  options: CustomResourceOptions,
): Resource[] {
  return Object.entries(indexedFields).flatMap(([collection, fields]) => {
    const of = { project, database, collection };
    const none = new Field(
      `${name}-${collection}`,
      { ...of, field: "*", indexConfig: {} },
      options,
    );
    const some = fields.map(
      (field) =>
        new Field(
          `${name}-${collection}-${field}`,
          {
            ...of,
            field,
            indexConfig: { indexes: [{ order: "ASCENDING" }, { order: "DESCENDING" }] },
          },
          { ...options, dependsOn: [none] },
        ),
    );
    return [none, ...some];
  });
}
