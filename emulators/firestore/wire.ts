/**
 * The messages of google.firestore.v1 that this server reads and writes, as plain objects.
 *
 * Owns: their types, in the form that proto-loader gives with
 * `{longs: String, enums: String, oneofs: true, arrays: true, objects: true}`: 64-bit integers are
 * decimal strings, an unset message is null or missing, an unset `oneof` has no name.
 * Does not own: checking them (value-check.ts, names.ts).
 */

/** google.protobuf.Timestamp. */
export interface Timestamp {
  readonly seconds: string;
  readonly nanos?: number;
}

/** A map of fields, of a document or of a map value. */
export type Fields = { [name: string]: Value };

/** google.firestore.v1.Value; `valueType` says which of its members is set. */
export type Value =
  | { valueType: "nullValue"; nullValue: "NULL_VALUE" }
  | { valueType: "booleanValue"; booleanValue: boolean }
  | { valueType: "integerValue"; integerValue: string }
  | { valueType: "doubleValue"; doubleValue: number }
  | { valueType: "timestampValue"; timestampValue: Timestamp }
  | { valueType: "stringValue"; stringValue: string }
  | { valueType: "bytesValue"; bytesValue: Buffer }
  | { valueType: "referenceValue"; referenceValue: string }
  | { valueType: "geoPointValue"; geoPointValue: { latitude?: number; longitude?: number } }
  | { valueType: "arrayValue"; arrayValue: { values?: Value[] } }
  | { valueType: "mapValue"; mapValue: { fields?: Fields } };

/** google.firestore.v1.Document. */
export interface WireDocument {
  readonly name: string;
  readonly fields?: Fields;
  readonly createTime?: Timestamp | null;
  readonly updateTime?: Timestamp | null;
}

/** google.firestore.v1.DocumentMask. */
export interface DocumentMask {
  readonly fieldPaths?: readonly string[];
}

/** google.firestore.v1.Precondition. */
export interface Precondition {
  readonly exists?: boolean;
  readonly updateTime?: Timestamp | null;
}

/** google.firestore.v1.DocumentTransform.FieldTransform. */
export interface FieldTransform {
  readonly fieldPath?: string;
  readonly setToServerValue?: string;
  readonly increment?: Value | null;
  readonly maximum?: Value | null;
  readonly minimum?: Value | null;
  readonly appendMissingElements?: { values?: Value[] } | null;
  readonly removeAllFromArray?: { values?: Value[] } | null;
}

/** google.firestore.v1.Write. */
export interface Write {
  readonly update?: WireDocument | null;
  readonly delete?: string;
  readonly transform?: { document?: string; fieldTransforms?: FieldTransform[] } | null;
  readonly updateMask?: DocumentMask | null;
  readonly updateTransforms?: readonly FieldTransform[];
  readonly currentDocument?: Precondition | null;
}

/** google.firestore.v1.WriteResult. */
export interface WriteResult {
  readonly updateTime?: Timestamp;
  readonly transformResults: readonly Value[];
}

/** google.firestore.v1.TransactionOptions. */
export interface TransactionOptions {
  readonly readOnly?: { readonly readTime?: Timestamp | null } | null;
  readonly readWrite?: { readonly retryTransaction?: Buffer; concurrencyMode?: string } | null;
}

/** How a read says what it reads at; the members are one `oneof`. */
export interface ConsistencySelector {
  readonly transaction?: Buffer;
  readonly newTransaction?: TransactionOptions | null;
  readonly readTime?: Timestamp | null;
}

/** google.firestore.v1.StructuredQuery.FieldReference. */
interface FieldReference {
  readonly fieldPath?: string;
}

/** google.firestore.v1.StructuredQuery.Filter. */
export interface WireFilter {
  readonly compositeFilter?: { op?: string; filters?: readonly WireFilter[] } | null;
  readonly fieldFilter?: { field?: FieldReference; op?: string; value?: Value | null } | null;
  readonly unaryFilter?: { op?: string; field?: FieldReference } | null;
}

/** google.firestore.v1.StructuredQuery.Order. */
export interface WireOrder {
  readonly field?: FieldReference | null;
  readonly direction?: string;
}

/** google.firestore.v1.Cursor. */
export interface WireCursor {
  readonly values?: readonly Value[];
  readonly before?: boolean;
}

/** google.firestore.v1.StructuredQuery. */
export interface StructuredQuery {
  readonly select?: { readonly fields?: readonly FieldReference[] } | null;
  readonly from?: readonly { collectionId?: string; allDescendants?: boolean }[];
  readonly where?: WireFilter | null;
  readonly orderBy?: readonly WireOrder[];
  readonly startAt?: WireCursor | null;
  readonly endAt?: WireCursor | null;
  readonly offset?: number;
  readonly limit?: { readonly value?: number } | null;
  readonly findNearest?: unknown;
}

/** google.firestore.v1.StructuredAggregationQuery.Aggregation. */
export interface WireAggregation {
  readonly alias?: string;
  readonly count?: { readonly upTo?: { readonly value?: string } | null } | null;
  readonly sum?: { readonly field?: FieldReference | null } | null;
  readonly avg?: { readonly field?: FieldReference | null } | null;
}

/** Returns the value of a null field. */
export function nullValue(): Value {
  return { valueType: "nullValue", nullValue: "NULL_VALUE" };
}

/** Returns an integer value. */
export function integerValue(value: number | bigint): Value {
  return { valueType: "integerValue", integerValue: String(value) };
}

/** Returns a floating-point value. */
export function doubleValue(value: number): Value {
  return { valueType: "doubleValue", doubleValue: value };
}

/** Returns a text value. */
export function stringValue(value: string): Value {
  return { valueType: "stringValue", stringValue: value };
}

/** Returns an array value. */
export function arrayValue(values: Value[]): Value {
  return { valueType: "arrayValue", arrayValue: { values } };
}

/** Returns a map value. */
export function mapValue(fields: Fields): Value {
  return { valueType: "mapValue", mapValue: { fields } };
}
