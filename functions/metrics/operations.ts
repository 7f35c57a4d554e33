/**
 * Operations: what the clouds bill, counted where it is done.
 *
 * Owns: the list and the cost of each call. Pure. Does not own: when a count is stored (work.ts).
 */
import type { HeadCommit, MeshSnapshot, OutgoingMessage } from "../ports.ts";

/** What is counted, in the order in which it is stored. */
export const OPERATIONS = [
  "activations",
  "commits",
  "documentsRead",
  "documentsWritten",
  "documentsDeleted",
  "publishRequests",
  "messages",
  "messageBytes",
] as const;

/** What the clouds bill. */
export type Operations = Readonly<Record<(typeof OPERATIONS)[number], number>>;

/** In the order of OPERATIONS. */
export type OperationsJson = readonly number[];

/** Returns operations as they are stored. */
export function operationsJson(operations: Partial<Operations>): OperationsJson {
  return OPERATIONS.map((name) => operations[name] ?? 0);
}

/** Returns stored operations as people read them. */
export function operationsResult(json: OperationsJson): Operations {
  return Object.fromEntries(OPERATIONS.map((name, i) => [name, json[i] ?? 0])) as Operations;
}

/** Returns the sum of stored operations. */
export function addOperations(a: OperationsJson, b: OperationsJson): OperationsJson {
  const sum: number[] = [];
  for (let i = 0; i < OPERATIONS.length; i++) sum.push((a[i] ?? 0) + (b[i] ?? 0));
  return sum;
}

/** The cost of a shard's step. */
export function costOfCommit(commit: Omit<HeadCommit, "head">): Partial<Operations> {
  // The first commit also makes the genesis, and consumes no head.
  const isFirst = commit.previousVersion === undefined;
  return {
    activations: 1,
    commits: 1,
    documentsWritten:
      commit.partsToPut.length +
      commit.sinkDocuments.length +
      (commit.deadLetters?.length ?? 0) +
      (isFirst ? 2 : 1),
    documentsDeleted: commit.partsToDelete.length + (isFirst ? 0 : 1),
  };
}

/** The cost of reading the whole mesh at once. */
export function costOfSnapshot({ heads, registers }: MeshSnapshot): Partial<Operations> {
  // A query that finds nothing is billed as one read.
  return { documentsRead: Math.max(1, heads.length) + Math.max(1, registers.length) + 1 };
}

/** The cost of replacing the job document. */
export function costOfJob(
  isFirst: boolean,
  registersToPut: number,
  registersToDelete: number,
): Partial<Operations> {
  return {
    commits: 1,
    documentsWritten: registersToPut + (isFirst ? 2 : 1),
    documentsDeleted: registersToDelete + (isFirst ? 0 : 1),
  };
}

/** Returns the sum of costs, as it is stored. */
export function sumOfCosts(...costs: readonly Partial<Operations>[]): OperationsJson {
  return costs.reduce<OperationsJson>((sum, cost) => addOperations(sum, operationsJson(cost)), []);
}

/** The cost of publishing messages at once: a request for each topic. */
export function costOfMessages(
  messages: readonly Pick<OutgoingMessage, "topic" | "data">[],
): Partial<Operations> {
  return {
    publishRequests: new Set(messages.map(({ topic }) => topic)).size,
    messages: messages.length,
    messageBytes: messages.reduce((sum, { data }) => sum + data.length, 0),
  };
}

/** The cost of writing so many documents of a sink without a shard, or dead letters. */
export function costOfDocuments(count: number): Partial<Operations> {
  return count === 0 ? {} : { commits: 1, documentsWritten: count };
}
