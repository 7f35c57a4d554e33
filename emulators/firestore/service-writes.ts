/**
 * The methods that write, and those that open and end transactions.
 *
 * Owns: their requests and answers. Does not own: what they do (database.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { CommitResult } from "./database.ts";
import type { Databases } from "./databases.ts";
import { toDocument } from "./documents.ts";
import { invalidArgument } from "./errors.ts";
import { checkId, checkParent } from "./names.ts";
import { projectionOfMask } from "./query/projection.ts";
import type { UnaryMethod } from "./rpc.ts";
import { toTimestamp } from "./time.ts";
import type {
  DocumentMask,
  Precondition,
  TransactionOptions,
  WireDocument,
  Write,
  WriteResult,
} from "./wire.ts";

interface CommitRequest {
  readonly database: string;
  readonly writes?: readonly Write[];
  readonly transaction?: Buffer;
}

interface CreateDocumentRequest {
  readonly parent: string;
  readonly collectionId?: string;
  readonly documentId?: string;
  readonly document?: WireDocument | null;
  readonly mask?: DocumentMask | null;
}

interface UpdateDocumentRequest {
  readonly document?: WireDocument | null;
  readonly updateMask?: DocumentMask | null;
  readonly mask?: DocumentMask | null;
  readonly currentDocument?: Precondition | null;
}

interface DeleteDocumentRequest {
  readonly name: string;
  readonly currentDocument?: Precondition | null;
}

const generatedIdLength = 20;
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Returns the writing methods, by their names in the protocol. */
export function writeMethods(databases: Databases): Record<string, UnaryMethod> {
  return {
    Commit: (request: CommitRequest) => commit(databases, request),
    BatchWrite: (request: CommitRequest) => batchWrite(databases, request),
    CreateDocument: (request: CreateDocumentRequest) => createDocument(databases, request),
    UpdateDocument: (request: UpdateDocumentRequest) => updateDocument(databases, request),
    DeleteDocument: async (request: DeleteDocumentRequest) => {
      const write = { delete: request.name, currentDocument: request.currentDocument ?? null };
      await databases.of(request.name).commit([write]);
      return {};
    },
    BeginTransaction: (request: { database: string; options?: TransactionOptions | null }) => ({
      transaction: databases.of(request.database).begin(request.options).id,
    }),
    Rollback: (request: { database: string; transaction?: Buffer }) => {
      databases.of(request.database).rollback(request.transaction ?? Buffer.alloc(0));
      return {};
    },
  };
}

async function commit(databases: Databases, request: CommitRequest): Promise<object> {
  const { writes = [], transaction } = request;
  const result = await databases.of(request.database).commit(writes, transaction);
  return { writeResults: result.results, commitTime: toTimestamp(result.commitMicros) };
}

// Each write is a commit of its own, so one that fails leaves the others alone.
async function batchWrite(databases: Databases, request: CommitRequest): Promise<object> {
  const database = databases.of(request.database);
  const writes = request.writes ?? [];
  const names = writes.map(
    (write) => write.update?.name ?? write.transform?.document ?? write.delete,
  );
  if (new Set(names).size < names.length) {
    throw invalidArgument("A BatchWrite writes to one document more than once.");
  }
  const settled = await Promise.allSettled(writes.map((write) => database.commit([write])));
  return { writeResults: settled.map(writeResultOf), status: settled.map(statusOf) };
}

function writeResultOf(settled: PromiseSettledResult<CommitResult>): WriteResult {
  const result = settled.status === "fulfilled" ? settled.value.results[0] : undefined;
  return result ?? { transformResults: [] };
}

function statusOf(settled: PromiseSettledResult<CommitResult>): { code: number; message: string } {
  if (settled.status === "fulfilled") return { code: status.OK, message: "" };
  const error: unknown = settled.reason;
  if (error instanceof StatusError) return { code: error.code, message: error.details };
  return { code: status.INTERNAL, message: String(error) };
}

async function createDocument(
  databases: Databases,
  request: CreateDocumentRequest,
): Promise<object> {
  checkParent(request.parent);
  checkId(request.collectionId ?? "", "Collection");
  const documentId = request.documentId || generatedId();
  checkId(documentId, "Document");
  const name = `${request.parent}/${request.collectionId}/${documentId}`;
  const update = { name, fields: request.document?.fields ?? {} };
  await databases.of(name).commit([{ update, currentDocument: { exists: false } }]);
  return storedDocument(databases, name, request.mask);
}

async function updateDocument(
  databases: Databases,
  request: UpdateDocumentRequest,
): Promise<object> {
  const name = request.document?.name ?? "";
  const write = {
    update: request.document ?? null,
    updateMask: request.updateMask ?? null,
    currentDocument: request.currentDocument ?? null,
  };
  await databases.of(name).commit([write]);
  return storedDocument(databases, name, request.mask);
}

function storedDocument(
  databases: Databases,
  name: string,
  mask: DocumentMask | null | undefined,
): WireDocument {
  const document = databases.of(name).store.get(name);
  return document === undefined ? { name } : toDocument(document, projectionOfMask(mask));
}

function generatedId(): string {
  const random = crypto.getRandomValues(new Uint8Array(generatedIdLength));
  return Array.from(random, (byte) => idAlphabet[byte % idAlphabet.length]).join("");
}
