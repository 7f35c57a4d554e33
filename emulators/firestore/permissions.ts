/**
 * Permissions: what each call of Firestore needs, always on the whole database.
 *
 * Owns: the table. Does not own: who has them (iam/policy.ts).
 *
 * Source: cloud.google.com/firestore/docs/security/iam, "Required permissions for API methods". It
 * says nothing of a commit without writes, which ends a transaction: taken to be as Rollback.
 */
import type { Need, Needs } from "../iam/access.ts";
import type { Write } from "./wire.ts";

type Verb = "get" | "list" | "create" | "update" | "delete";

interface OfDatabase {
  readonly database: string;
}

interface OfParent {
  readonly parent: string;
}

interface OfName {
  readonly name: string;
}

interface OfWrites extends OfDatabase {
  readonly writes?: readonly Write[];
}

/** What each call needs. */
export const firestoreNeeds: Needs = {
  GetDocument: ({ name }: OfName) => entities(name, "get"),
  BatchGetDocuments: ({ database }: OfDatabase) => entities(database, "get"),
  RunQuery: ({ parent }: OfParent) => entities(parent, "get", "list"),
  RunAggregationQuery: ({ parent }: OfParent) => entities(parent, "get", "list"),
  Listen: ({ database }: OfDatabase) => entities(database, "get", "list"),
  ListDocuments: ({ parent }: OfParent) => entities(parent, "get", "list"),
  ListCollectionIds: ({ parent }: OfParent) => entities(parent, "list"),
  Commit: ({ database, writes = [] }: OfWrites) =>
    writes.length === 0 ? [transactions(database)] : writeNeeds(database, writes),
  BatchWrite: ({ database, writes = [] }: OfWrites) => writeNeeds(database, writes),
  CreateDocument: ({ parent }: OfParent) => entities(parent, "create"),
  UpdateDocument: ({ document }: { document?: OfName | null }) =>
    entities(document?.name ?? "", "update"),
  DeleteDocument: ({ name }: OfName) => entities(name, "delete"),
  BeginTransaction: ({ database }: OfDatabase) => [transactions(database)],
  Rollback: ({ database }: OfDatabase) => [transactions(database)],
};

/** Each permission once, however many writes ask for it. */
function writeNeeds(database: string, writes: readonly Write[]): Need[] {
  const verbs = new Set<Verb>();
  for (const write of writes) for (const verb of verbsOf(write)) verbs.add(verb);
  return entities(database, ...verbs);
}

function verbsOf(write: Write): readonly Verb[] {
  if (write.delete) return ["delete"];
  const { currentDocument } = write;
  if (currentDocument?.exists === false) return ["create"];
  if (currentDocument?.exists === true || currentDocument?.updateTime) return ["update"];
  return ["create", "update"];
}

function entities(name: string, ...verbs: readonly Verb[]): Need[] {
  const resource = databaseNameOf(name);
  return verbs.map((verb) => ({ permission: `datastore.entities.${verb}`, resource }));
}

/** Not what it sounds like: it is the permission to begin and to roll back. */
function transactions(database: string): Need {
  return { permission: "datastore.databases.get", resource: databaseNameOf(database) };
}

/** Unlike names.ts, refuses nothing: a bad name is found bad by the call itself. */
function databaseNameOf(name: string): string {
  return name.split("/").slice(0, 4).join("/");
}
