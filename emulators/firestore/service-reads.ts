/**
 * The methods that read: gets, queries, aggregations, lists.
 *
 * Owns: their requests and answers. Does not own: what they read (database.ts, query/, listing.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import { aggregate, checkAggregations } from "./aggregation.ts";
import type { ReadView } from "./database.ts";
import type { Databases } from "./databases.ts";
import { toDocument } from "./documents.ts";
import { invalidArgument, notFound } from "./errors.ts";
import { aggregationEntriesPerRead } from "./limits.ts";
import { parseDocumentName } from "./names.ts";
import { planQuery } from "./query/plan.ts";
import { projectionOfMask } from "./query/projection.ts";
import type { StreamMethod, UnaryMethod } from "./rpc.ts";
import { toTimestamp } from "./time.ts";
import type {
  ConsistencySelector,
  DocumentMask,
  StructuredQuery,
  WireAggregation,
  WireDocument,
} from "./wire.ts";

interface GetDocumentRequest extends ConsistencySelector {
  readonly name: string;
  readonly mask?: DocumentMask | null;
}

interface BatchGetDocumentsRequest extends ConsistencySelector {
  readonly database: string;
  readonly documents?: readonly string[];
  readonly mask?: DocumentMask | null;
}

interface RunQueryRequest extends ConsistencySelector {
  readonly parent: string;
  readonly structuredQuery?: StructuredQuery | null;
  readonly explainOptions?: unknown;
}

interface RunAggregationQueryRequest extends ConsistencySelector {
  readonly parent: string;
  readonly structuredAggregationQuery?: {
    readonly structuredQuery?: StructuredQuery | null;
    readonly aggregations?: readonly WireAggregation[];
  } | null;
  readonly explainOptions?: unknown;
}

/** Returns the reading methods that answer once, by their names in the protocol. */
export function readMethods(databases: Databases): Record<string, UnaryMethod> {
  return { GetDocument: (request: GetDocumentRequest) => getDocument(databases, request) };
}

/** Returns the reading methods that answer with a stream, by their names in the protocol. */
export function readStreamMethods(databases: Databases): Record<string, StreamMethod> {
  return {
    BatchGetDocuments: (request: BatchGetDocumentsRequest) => batchGet(databases, request),
    RunQuery: (request: RunQueryRequest) => query(databases, request),
    RunAggregationQuery: (request: RunAggregationQueryRequest) =>
      aggregationQuery(databases, request),
  };
}

function getDocument(databases: Databases, request: GetDocumentRequest): WireDocument {
  const { full, database } = parseDocumentName(request.name);
  const owner = databases.of(database);
  const document = owner.read(owner.view(request), full);
  if (document === undefined) throw notFound(`Document "${full}" not found.`);
  return toDocument(document, projectionOfMask(request.mask));
}

function batchGet(databases: Databases, request: BatchGetDocumentsRequest): object[] {
  const database = databases.of(request.database);
  const names = new Set(request.documents ?? []);
  for (const name of names) {
    if (parseDocumentName(name).database !== database.name) {
      throw invalidArgument(`Document "${name}" is not in database "${database.name}".`);
    }
  }
  const projection = projectionOfMask(request.mask);
  const view = database.view(request);
  const readTime = toTimestamp(view.reportedMicros);
  const answers: object[] = [];
  for (const name of names) {
    const document = database.read(view, name);
    answers.push(
      document === undefined
        ? { missing: name, readTime }
        : { found: toDocument(document, projection), readTime },
    );
  }
  return withTransaction(answers, view, { readTime });
}

function query(databases: Databases, request: RunQueryRequest): object[] {
  refuseExplain(request.explainOptions);
  const database = databases.of(request.parent);
  const plan = planQuery(request.parent, request.structuredQuery ?? {});
  const view = database.view(request);
  const { documents, skipped } = database.query(view, plan);
  database.counts.documentReads += Math.max(1, documents.length + skipped);
  const readTime = toTimestamp(view.reportedMicros);
  const answers: object[] = documents.map((document) => ({
    document: toDocument(document, plan.projection),
    readTime,
  }));
  if (skipped > 0 && answers[0] !== undefined) {
    answers[0] = { ...answers[0], skippedResults: skipped };
  }
  return withTransaction(answers, view, { readTime, skippedResults: skipped });
}

function aggregationQuery(databases: Databases, request: RunAggregationQueryRequest): object[] {
  refuseExplain(request.explainOptions);
  const database = databases.of(request.parent);
  const aggregations = request.structuredAggregationQuery?.aggregations ?? [];
  checkAggregations(aggregations);
  const inner = request.structuredAggregationQuery?.structuredQuery ?? {};
  const plan = planQuery(request.parent, inner);
  const view = database.view(request);
  const { documents, skipped } = database.query(view, plan);
  const entries = documents.length + skipped;
  database.counts.documentReads += Math.max(1, Math.ceil(entries / aggregationEntriesPerRead));
  const readTime = toTimestamp(view.reportedMicros);
  const aggregateFields = aggregate(documents, aggregations);
  return withTransaction([{ result: { aggregateFields }, readTime }], view, { readTime });
}

// The first answer tells a new transaction's id; where nothing was found there is one all the same.
function withTransaction(answers: object[], view: ReadView, empty: object): object[] {
  const all = answers.length > 0 ? answers : [empty];
  if (view.isNewTransaction && view.transaction !== undefined) {
    all[0] = { ...all[0], transaction: view.transaction.id };
  }
  return all;
}

function refuseExplain(explainOptions: unknown): void {
  if (!explainOptions) return;
  throw new StatusError(
    status.UNIMPLEMENTED,
    "Query explain is not part of the embedded Firestore.",
  );
}
