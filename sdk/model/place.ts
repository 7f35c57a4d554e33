/**
 * Places: where in the user's files a transform was applied.
 *
 * Owns: reading the call stack. Places are for people only: no id and no hash depends on one, since
 * a bundled function has other lines than the user's file.
 */
import type { Place } from "./graph.ts";
import { ownFile } from "./own-file.ts";

const here = ownFile("model/place.ts");

/**
 * Returns the innermost call that is outside of `sdk/`, or undefined where the stack can't tell
 * them apart (in a bundle, all code is one file).
 */
export function callerPlace(): Place | undefined {
  const url = withoutScheme(String(import.meta.url ?? ""));
  if (!url.endsWith(here)) return undefined;
  const sdk = url.slice(0, -here.length);
  const frames = stackLines().flatMap((line) => parseFrame(line) ?? []);
  // A bundle knows where this file lay, and yet runs it from a file of its own.
  if (frames[0]?.file.startsWith(sdk) !== true) return undefined;
  return frames.find(({ file }) => !file.startsWith(sdk));
}

/** Deep enough for a composite in a scope in a composite; V8's own ten frames are not. */
const framesMax = 60;

function stackLines(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = framesMax;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = before;
  return stack.split("\n").slice(1);
}

function parseFrame(line: string): Place | undefined {
  const match = /(?:\(|at (?:async )?)([^()]+):(\d+):(\d+)\)?$/.exec(line.trimEnd());
  const [, file = "", row = "0", column = "0"] = match ?? [];
  if (file === "" || file.startsWith("node:")) return undefined;
  return Object.freeze({ file: withoutScheme(file), line: Number(row), column: Number(column) });
}

function withoutScheme(file: string): string {
  return file.startsWith("file://") ? decodeURI(file.slice("file://".length)) : file;
}

/** Returns a place as editors read it, `file:line:column`, with words where it is unknown. */
export function formatPlace(place: Place | undefined): string {
  return place === undefined ? "(place unknown)" : `${place.file}:${place.line}:${place.column}`;
}
