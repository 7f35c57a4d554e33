/**
 * Text parts: a text of any length as texts that each fit into one document.
 *
 * Owns: where a text is cut. Joined in order, the parts are the text again.
 *
 * TP1. A part takes at most DOCUMENT_BYTES_MAX bytes and is well-formed Unicode.
 */
import { DOCUMENT_BYTES_MAX } from "./options.ts";

/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const SURE_UNITS = Math.floor(DOCUMENT_BYTES_MAX / 3);

/** Cuts a text into parts; the empty text is one part. */
export function cutText(text: string): string[] {
  if (text.length <= SURE_UNITS) return [text];
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    const fits =
      Buffer.byteLength(text.slice(from, from + DOCUMENT_BYTES_MAX)) <= DOCUMENT_BYTES_MAX;
    let to = Math.min(text.length, from + (fits ? DOCUMENT_BYTES_MAX : SURE_UNITS));
    if (isHighSurrogate(text.charCodeAt(to - 1)) && to < text.length) to--;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
