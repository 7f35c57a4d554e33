/**
 * Text lines: the lines of a byte range of a file.
 *
 * Owns: which line belongs to which range. Does not own: what a line means (file-source.ts).
 *
 * TL1. A line belongs to the range in which it begins, so that each line is in exactly one of any
 *      ranges that a file is cut into. It ends with \n or \r\n, the last one also with the file.
 */
import { open } from "node:fs/promises";
import type { OffsetRange } from "../../sdk/io/splittable/offset-range.ts";
import type { Claims } from "../../sdk/io/splittable/restriction-tracker.ts";

/** Bytes read at once. */
const BLOCK_BYTES = 1 << 20;
const NEWLINE = 10;

/** Claims each line of a range by the offset of its first byte, and then hands it over. */
export async function readLines(
  path: string,
  tracker: Claims<OffsetRange, number>,
  take: (line: string) => void,
): Promise<void> {
  const { from, to } = tracker.currentRestriction();
  await using file = await open(path);
  // The byte before tells whether a line begins at `from`, or the one before goes on.
  let offset = Math.max(0, from - 1);
  let isOfRangeBefore = from > 0;
  let rest: Uint8Array = new Uint8Array();
  while (offset < to) {
    const buffer = Buffer.allocUnsafe(rest.length + BLOCK_BYTES);
    buffer.set(rest);
    const { bytesRead } = await file.read(buffer, rest.length, BLOCK_BYTES, offset + rest.length);
    const data = buffer.subarray(0, rest.length + bytesRead);
    let at = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, at)) {
      if (isOfRangeBefore) isOfRangeBefore = false;
      else if (tracker.tryClaim(offset + at)) take(textOf(data, at, end));
      else return;
      at = end + 1;
    }
    if (isOfRangeBefore) at = data.length;
    rest = data.subarray(at);
    offset += at;
    if (bytesRead > 0) continue;
    if (rest.length > 0) {
      if (!tracker.tryClaim(offset)) return;
      take(textOf(data, at, data.length));
    }
    offset += rest.length;
    break;
  }
  tracker.tryClaim(Math.max(to, offset)); // No line begins before the end any more.
}

function textOf(data: Buffer, from: number, end: number): string {
  const isCarriageReturn = end > from && data[end - 1] === 13;
  return data.toString("utf8", from, isCarriageReturn ? end - 1 : end);
}
