/**
 * JSON nesting: how deep JSON text is nested, before it is parsed.
 *
 * `JSON.parse` takes any depth, but whatever walks through the result, down to `JSON.stringify`,
 * overflows the stack at some thousands.
 */

const [QUOTE, BACKSLASH, OPENS_LIST, CLOSES_LIST, OPENS_FIELDS, CLOSES_FIELDS] =
  Buffer.from('"\\[]{}');

/** Returns the deepest nesting of lists and objects in JSON text; that of other bytes is anything. */
export function nestingOf(text: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (byte === QUOTE) i = endOfText(text, i + 1);
    else if (byte === OPENS_LIST || byte === OPENS_FIELDS) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSES_LIST || byte === CLOSES_FIELDS) depth--;
  }
  return deepest;
}

/** Returns where a text that begins at `from` ends: a quote behind a backslash is part of it. */
function endOfText(text: Uint8Array, from: number): number {
  let i = from;
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}
