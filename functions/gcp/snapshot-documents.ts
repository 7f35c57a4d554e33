/**
 * Snapshot documents: the parts of a pipeline's snapshots in one Firestore collection.
 *
 * Owns: their names. Does not own: what is in them (control/snapshot-text.ts).
 *
 * A part's document is named `id~000000012`, so that a snapshot's parts stand together in their order.
 */
import { type CollectionReference, FieldPath, type Query } from "@google-cloud/firestore";
import type { SnapshotRecord } from "../ports.ts";
import { attempt } from "./grpc-errors.ts";

/** Parts that are read, or deleted, by one request: a read stays well under its limit in bytes. */
const PARTS_OF_REQUEST_MAX = 8;

/** The parts of snapshots. */
export class SnapshotDocuments {
  readonly #parts: CollectionReference;

  constructor(parts: CollectionReference) {
    this.#parts = parts;
  }

  async put(id: string, part: number, text: string): Promise<void> {
    const document = this.#parts.doc(`${id}~${String(part).padStart(9, "0")}`);
    await attempt("write a part of a snapshot", () => document.set({ snapshot: id, part, text }));
  }

  async read(id: string): Promise<readonly string[]> {
    const texts: string[] = [];
    let after = "";
    for (;;) {
      const some = this.#of(id, after).limit(PARTS_OF_REQUEST_MAX);
      const { docs } = await attempt("read a snapshot", () => some.get());
      const last = docs.at(-1);
      if (last === undefined) return texts;
      texts.push(...docs.map((document) => String(document.get("text"))));
      after = last.id;
    }
  }

  async list(): Promise<readonly SnapshotRecord[]> {
    const found = await attempt("list the snapshots", () =>
      this.#parts.where("part", "==", 0).get(),
    );
    return found.docs
      .map((document) => ({
        id: String(document.get("snapshot")),
        text: String(document.get("text")),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async delete(id: string): Promise<void> {
    for (;;) {
      // The first part first: without it what is left is no snapshot any more.
      const some = this.#of(id, "").select().limit(PARTS_OF_REQUEST_MAX);
      const { docs } = await attempt("list a snapshot", () => some.get());
      if (docs.length === 0) return;
      const batch = this.#parts.firestore.batch();
      for (const { ref } of docs) batch.delete(ref);
      await attempt("delete a snapshot", () => batch.commit());
    }
  }

  #of(id: string, after: string): Query {
    const name = FieldPath.documentId();
    const from = after === "" ? `${id}~` : after;
    return this.#parts.where(name, ">", from).where(name, "<", `${id}~\uf8ff`).orderBy(name);
  }
}
