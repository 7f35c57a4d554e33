/**
 * Cuts what a process writes into lines.
 *
 * Owns: the split, and a bound on one line. Does not own: where lines go.
 */
import type { Readable } from "node:stream";

/** Longest line in characters; a longer one is cut into several. Source: Cloud Logging, 256 KB an entry. */
const LINE_CHARS_MAX: number = 256 * 1024;

/** Calls `take` for each line of a stream, and for what is left at its end. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (rest.length <= LINE_CHARS_MAX) return;
    take(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}
