/**
 * Firestore's documented limits, and the few of this server's own.
 *
 * Owns: the numbers. Does not own: enforcing them (value-check.ts, names.ts, write.ts, service.ts).
 *
 * @see https://firebase.google.com/docs/firestore/quotas (read 2026-11-22)
 */

/** The largest document: 1 MiB, by the size rules of value-size.ts. */
export const documentBytesMax: number = 1_048_576;
/** The largest single field value: 1 MiB − 89 bytes. */
export const fieldValueBytesMax: number = 1_048_487;
/** The largest request, in encoded bytes: 10 MiB. */
export const requestBytesMax: number = 10 * 1024 * 1024;
/** What gRPC takes in before it cuts a request off, so that a too large one is answered by us. */
export const receivedBytesMax: number = 64 * 1024 * 1024;
/** How deep maps and arrays may nest. */
export const nestingDepthMax: number = 20;
/** The longest document or collection id, in UTF-8 bytes. */
export const idBytesMax: number = 1_500;
/** How many ids a document name may have after `documents`: 100 collections deep. */
export const nameIdsMax: number = 200;
/** The longest document name, in UTF-8 bytes: 6 KiB. */
export const nameBytesMax: number = 6 * 1024;
/** The longest field name or field path, in UTF-8 bytes. */
export const fieldPathBytesMax: number = 1_500;
/** Field transforms of one document in one commit. */
export const transformsMax: number = 500;
/** Single-field index entries of one document. */
export const indexEntriesMax: number = 40_000;
/** Comparison values of one `in`, `array-contains-any` or `not-in`, and terms of an OR. */
export const disjunctionsMax: number = 30;
/** Comparison values of one `not-in`. */
export const notInValuesMax: number = 10;
/** Aggregations of one aggregation query. */
export const aggregationsMax: number = 5;
/** A transaction ends after so long without a call. */
export const transactionIdleMs: number = 60_000;
/** A transaction ends after so long in any case. */
export const transactionTotalMs: number = 270_000;
/** How long a write waits for a lock, here. The real service: 20 s; Google's emulator: 2 s. */
export const lockDeadlineMsDefault: number = 2_000;
/** How far back `readTime` reaches, here. The real service: 1 h. */
export const historyMsDefault: number = 60_000;
/** How much superseded data is kept at most, here. The real service has no such limit. */
export const historyBytesMaxDefault: number = 1024 * 1024 * 1024;
/** A quiet listener hears of the passing time after so long; clients give up after 120 s. */
export const listenHeartbeatMs: number = 30_000;
/** Documents of a ListDocuments page, unless asked otherwise. */
export const pageSizeDefault: number = 300;
/** Index entries that one billed read of an aggregation covers. */
export const aggregationEntriesPerRead: number = 1_000;
