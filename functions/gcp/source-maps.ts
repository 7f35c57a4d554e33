/**
 * Source maps: lines of a bundle → lines of the author's files.
 *
 * Owns: reading `index.js.map` beside a bundle, once and only when a stack is to be told. Does not own:
 * what maps hold (infra/code-bundle.ts).
 *
 * Node's own `--enable-source-maps` would read and keep the map of each process at its start.
 */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";

/** A place in a bundle, as V8 writes it. */
const IN_BUNDLE = /((?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^()\n]*?[/\\]index\.js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/** Returns a stack with the author's files and lines, where a map tells them. */
export function mappedStack(stack: string): string {
  return stack.replaceAll(IN_BUNDLE, (place, file: string, line: string, column: string) => {
    const map = mapOf(file.replace(/^file:\/\//, ""));
    const entry = map?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalSource" in entry)) return place;
    const { originalSource, originalLine, originalColumn } = entry;
    return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(`${file}.map`));
  return maps.get(file);
}

function readMap(path: string): SourceMap | undefined {
  // What others have published keeps its own places.
  if (path.includes("node_modules") || !existsSync(path)) return undefined;
  try {
    return new SourceMap(JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload);
  } catch {
    return undefined; // A stack that names the bundle is better than none.
  }
}
