/**
 * One target of a Listen stream: some documents, or a query.
 *
 * Owns: what the client has been shown, and what to tell it after a commit.
 * Does not own: the stream (listen.ts).
 *
 * N1. After each call the client's set, with what was returned applied, equals the target's result at
 *     that commit.
 */
import type { StoredDocument } from "./collection.ts";
import type { Database } from "./database.ts";
import type { DocumentChange } from "./document-store.ts";
import { toDocument } from "./documents.ts";
import { inSource, type QueryPlan } from "./query/plan.ts";
import { matchingRow, runQuery } from "./query/run.ts";
import { toTimestamp } from "./time.ts";

/** Messages of a Listen stream. */
type ListenResponse = object;

/** A target that is listened to. */
export interface ListenTarget {
  /** Returns what shows the client the whole present result. */
  start(readMicros: number): ListenResponse[];
  /** Returns what a commit changes in it. */
  update(commitMicros: number, changes: readonly DocumentChange[]): ListenResponse[];
}

/** Returns a target of documents, by their names. */
export function documentsTarget(
  database: Database,
  targetId: number,
  names: readonly string[],
): ListenTarget {
  const wanted = new Set(names);
  const show = (name: string, document: StoredDocument | undefined, micros: number) => {
    database.counts.documentReads++;
    return document === undefined
      ? deleted(targetId, name, micros)
      : changed(targetId, document, undefined);
  };
  return {
    start: (readMicros) =>
      [...wanted].map((name) => show(name, database.store.get(name), readMicros)),
    update: (commitMicros, changes) =>
      changes
        .filter(({ name }) => wanted.has(name))
        .map(({ name, document }) => show(name, document, commitMicros)),
  };
}

/** Returns a target of a query. */
export function queryTarget(database: Database, targetId: number, plan: QueryPlan): ListenTarget {
  const isBounded = plan.offset > 0 || plan.limit !== Number.POSITIVE_INFINITY;
  /** Update times of the documents that the client has, by name. */
  const shown = new Map<string, number>();

  const show = (document: StoredDocument): ListenResponse[] => {
    if (shown.get(document.name) === document.updateMicros) return [];
    shown.set(document.name, document.updateMicros);
    database.counts.documentReads++;
    return [changed(targetId, document, plan)];
  };
  const hide = (name: string, commitMicros: number): ListenResponse[] => {
    if (!shown.delete(name)) return [];
    const exists = database.store.get(name) !== undefined;
    return [(exists ? removed : deleted)(targetId, name, commitMicros)];
  };
  const showAll = (readMicros: number): ListenResponse[] => {
    const { documents } = runQuery(database.store, plan, undefined);
    const names = new Set(documents.map((document) => document.name));
    const gone = [...shown.keys()].filter((name) => !names.has(name));
    return [...gone.flatMap((name) => hide(name, readMicros)), ...documents.flatMap(show)];
  };

  return {
    start(readMicros) {
      database.counts.queries++;
      const responses = showAll(readMicros);
      if (responses.length === 0) database.counts.documentReads++;
      return responses;
    },
    update(commitMicros, changes) {
      const touching = changes.filter((change) => inSource(plan, change));
      if (touching.length === 0) return [];
      // With a limit one change can move another document in or out, so the whole result is redone.
      if (isBounded) return showAll(commitMicros);
      return touching.flatMap(({ name, document }) => {
        const isInside = document !== undefined && matchingRow(plan, document) !== undefined;
        return isInside ? show(document) : hide(name, commitMicros);
      });
    },
  };
}

function changed(
  targetId: number,
  document: StoredDocument,
  plan: QueryPlan | undefined,
): ListenResponse {
  return {
    documentChange: {
      document: toDocument(document, plan?.projection),
      targetIds: [targetId],
    },
  };
}

function deleted(targetId: number, name: string, micros: number): ListenResponse {
  const readTime = toTimestamp(micros);
  return { documentDelete: { document: name, removedTargetIds: [targetId], readTime } };
}

function removed(targetId: number, name: string, micros: number): ListenResponse {
  const readTime = toTimestamp(micros);
  return { documentRemove: { document: name, removedTargetIds: [targetId], readTime } };
}
