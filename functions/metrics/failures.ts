/**
 * Failures: what went wrong in one shard or source, by cause, without a word of any element.
 *
 * Owns: what two failures are the same, what of one may be stored and logged, and the ring of the
 * newest ones. Does not own: what becomes of the elements (guarded-run.ts), or the log's form (gcp/).
 *
 * FA1. What a message of user code or of a decoder says may hold element content, so it stays out: a
 *      failure is told by its code, transform, class and place. The dead letter has the words.
 */
import { isMeshError, type MeshErrorCode } from "../../sdk/model/errors.ts";
import type { Log } from "../ports.ts";
import { stackText } from "../stack-text.ts";
import { notedTransform } from "../user-errors.ts";
import type { WorkJson } from "./work.ts";

/** One cause, as heads and registers keep it. */
export interface FailureJson {
  readonly code: MeshErrorCode;
  /** Name and place of the transform; undefined where no transform is to blame. */
  readonly transform?: string;
  /** What happened, without element content. */
  readonly text: string;
  /** Runs that failed by it, and elements that became dead letters by it. */
  readonly count: number;
  readonly dead: number;
  /** Processing time of the newest, in ms. */
  readonly atMs: number;
}

/** Characters of a message that are kept. */
const TEXT_MAX = 200;

/** How many causes a shard or source remembers. */
const KEPT = 3;

/** What a code means where its message may hold element content. */
const words: Readonly<Partial<Record<MeshErrorCode, string>>> = {
  ERR_TIMESTAMP: "an event time can't be used",
  ERR_DECODE: "bytes or text can't be decoded",
  ERR_SCHEMA: "an element does not match its schema",
  ERR_ENCODE: "a value can't cross a shuffle, or has no JSON",
  ERR_KEY: "a key has no canonical text",
  ERR_SINK: "a sink refuses what it is given",
};

const NOTHING: WorkJson = Object.freeze({});

interface Noted {
  readonly cause: unknown;
  json: FailureJson;
}

/** Gathers the failures of one activation or group commit. */
export class Failures {
  readonly #noted = new Map<string, Noted>();
  #retries = 0;

  /** Notes that a run failed (`isDead`: that an element became a dead letter). */
  note(error: unknown, atMs: number, isDead = false): void {
    const code = codeOf(error);
    const transform = withoutFolders(notedTransform(error));
    const text = failureText(error);
    const key = keyOf({ code, text, ...(transform && { transform }) });
    const before = this.#noted.get(key);
    const count = (before?.json.count ?? 0) + (isDead ? 0 : 1);
    const dead = (before?.json.dead ?? 0) + (isDead ? 1 : 0);
    const json = { code, ...(transform && { transform }), text, count, dead, atMs };
    this.#noted.set(key, { cause: before?.cause ?? error, json });
  }

  /** Notes that user code is run again. */
  retried(): void {
    this.#retries++;
  }

  /** Logs each cause once, and returns what is to be stored of all. */
  take(log: Log): WorkJson {
    if (this.#noted.size === 0) return NOTHING;
    const noted = [...this.#noted.values()];
    const retries = this.#retries;
    this.#noted.clear();
    this.#retries = 0;
    for (const { cause, json } of noted) {
      const { code, transform, text, count, dead } = json;
      const end =
        dead > 0 ? `: ${dead} dead letter${dead === 1 ? "" : "s"}` : ", mended by a retry";
      const message = `${transform === undefined ? "" : `${transform}: `}${text}${end}.`;
      const fields = { code, transform, count, deadLetters: dead, error: cause };
      log(dead > 0 ? "ERROR" : "WARNING", message, fields);
    }
    return { retries, failures: noted.map(({ json }) => json) };
  }
}

/** Returns the newest causes of both, the newest last; equal ones as one. */
export function mergeFailures(
  a: readonly FailureJson[],
  b: readonly FailureJson[],
): readonly FailureJson[] {
  const byKey = new Map<string, FailureJson>();
  for (const each of [...a, ...b]) {
    const key = keyOf(each);
    const before = byKey.get(key);
    byKey.delete(key);
    const count = (before?.count ?? 0) + each.count;
    const dead = (before?.dead ?? 0) + each.dead;
    byKey.set(key, { ...each, count, dead, atMs: Math.max(before?.atMs ?? 0, each.atMs) });
  }
  return [...byKey.values()].sort((x, y) => x.atMs - y.atMs).slice(-KEPT);
}

/** Returns what an error says without element content (FA1). */
export function failureText(error: unknown): string {
  if (isMeshError(error) && !mayHoldContent(error)) {
    return (error.message.split("\n")[0] ?? "").slice(0, TEXT_MAX).replace(/\.$/, "");
  }
  const meaning = isMeshError(error) ? words[error.code] : undefined;
  if (meaning !== undefined) return meaning;
  const cause = isMeshError(error) ? (error.cause ?? error) : error;
  const frame = withoutFolders(framesOf(cause)[0]?.trim());
  const what = `${isMeshError(error) ? "user code" : "something"} threw ${className(cause)}`;
  return frame === undefined ? what : `${what} ${frame}`;
}

/** Returns whether what an error says may hold element content (FA1). */
export function mayHoldContent(error: unknown): boolean {
  if (!isMeshError(error) || error.code === "ERR_USER_CODE") return true;
  // A setup or startBundle that throws makes the bundle come again, and is user code all the same.
  const isUsers = error.code === "ERR_UNAVAILABLE" && notedTransform(error) !== undefined;
  return isUsers || words[error.code] !== undefined;
}

/** Returns an error's class and stack as Node writes them, without its message (FA1). */
export function stackWithoutMessage(error: unknown): string {
  const cause = isMeshError(error) && error.cause instanceof Error ? error.cause : error;
  return [className(cause), ...framesOf(cause)].join("\n");
}

/** A folder says nothing of a cause, and its bytes are carried from head to head. */
function withoutFolders(place: string | undefined): string | undefined {
  return place?.replace(/[^\s(]*[/\\]/, "");
}

function codeOf(error: unknown): MeshErrorCode {
  return isMeshError(error) ? error.code : "ERR_USER_CODE";
}

function className(error: unknown): string {
  if (!(error instanceof Error)) return error === null ? "null" : typeof error;
  return /^[A-Za-z_$][\w$]{0,60}$/.test(error.name) ? error.name : "Error";
}

/** The lines of a stack that name a place; the message, of one line or many, is cut off first. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const { stack, message } = error;
  const at = message === "" ? -1 : stack.indexOf(message);
  const rest = at < 0 ? stack : stack.slice(at + message.length);
  const lines = rest.split("\n").filter((line) => /^ {4}at \S.*:\d+:\d+\)?$/.test(line));
  return lines.map(stackText);
}

function keyOf({
  code,
  transform,
  text,
}: Pick<FailureJson, "code" | "transform" | "text">): string {
  return `${code} ${transform ?? ""} ${text}`;
}
