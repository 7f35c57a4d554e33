/**
 * Text hashes: short, stable names for long texts, in pure code.
 *
 * Not for security. The hashes are part of ids that live across deploys and may never change.
 */

/** Returns 16 hexadecimal digits that depend on every character of the text. */
export function textHash(text: string): string {
  const [high, low] = hashLanes(text);
  return hex(high) + hex(low);
}

/**
 * Returns 64 bits that depend on every character of the text, as two whole numbers from 0 to
 * 2^32 - 1 (cyrb53's two mixing lanes, kept whole).
 */
export function hashLanes(text: string): [high: number, low: number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return [high >>> 0, low >>> 0];
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
