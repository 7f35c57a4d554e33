/**
 * Firestore: documents as a sink.
 *
 * Owns: what an author says of a collection. Does not own: the writes (functions/gcp).
 */
import { MeshError } from "../model/errors.ts";
import type { WriteContext } from "./sink-spec.ts";
import type { Sink } from "./source.ts";

/** How elements become documents. */
export interface FirestoreWriteOptions<T> {
  /** Id of an element's document. The same id again replaces the document. */
  readonly id: (element: T, context: WriteContext) => string;
  /** Fields of an element's document; the element itself where left out. */
  readonly fields?: (element: T, context: WriteContext) => Record<string, unknown>;
}

/**
 * Returns a collection to write to, one document for each element.
 *
 * @param name - path of the collection: `airports`, or `cities/oslo/days`
 * @throws ERR_OPTION if the path names a document (an even number of parts) or has an empty part
 * @example
 * hourly.write(firestore.collection("hours", { id: (r, { window }) => `${r.key}-${window.start}` }))
 */
function collection<T>(name: string, options: FirestoreWriteOptions<T>): Sink<T> {
  const parts = name.split("/");
  if (parts.length % 2 === 0 || parts.includes("")) {
    throw new MeshError(
      "ERR_OPTION",
      `firestore.collection: "${name}" is not a collection. Its path has an odd number of parts: "airports" or "cities/oslo/days".`,
    );
  }
  return Object.freeze({
    sink: Object.freeze({
      type: "firestore",
      collection: name,
      id: options.id,
      fields: options.fields,
    }),
  });
}

/**
 * Google Cloud Firestore.
 *
 * @example totals.write(firestore.collection("totals", { id: (r) => r.key }))
 */
export const firestore: { readonly collection: typeof collection } = { collection };
