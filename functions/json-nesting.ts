/**
 * JSON nesting: how deep JSON text is nested, before it is parsed.
 *
 * `JSON.parse` takes any depth, but whatever walks through the result, down to `JSON.stringify`,
 * overflows the stack at some thousands.
 */

// Constants, not a list taken apart: the loop below looks at every byte of every message.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS_LIST = 0x5b;
const CLOSES_LIST = 0x5d;
const OPENS_FIELDS = 0x7b;
const CLOSES_FIELDS = 0x7d;

/** Returns the deepest nesting of lists and objects in JSON text; that of other bytes is anything. */
export function nestingOf(text: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] as number;
    if (byte === QUOTE) i = endOfText(text, i + 1);
    else if (byte < OPENS_LIST)
      continue; // Most bytes are digits, commas and colons.
    else if (byte === OPENS_LIST || byte === OPENS_FIELDS) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (byte === CLOSES_LIST || byte === CLOSES_FIELDS) depth--;
  }
  return deepest;
}

/** Returns where a text that begins at `from` ends: a quote behind a backslash is part of it. */
function endOfText(text: Uint8Array, from: number): number {
  let i = from;
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}
