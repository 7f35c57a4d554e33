/**
 * Random text: names and descriptions, and the padding that brings events to their size.
 */
import type { JavaRandom } from "./java-random.ts";

const lengthMin = 3;
const codeOfA = 97;
const letters = 26;
/** Letters that one random int gives: 26^6 is the last power below 2^31. */
const lettersPerInt = 6;

/** Draws words of 3 to `lengthMax` - 1 characters, less the spaces at both ends. */
export function drawText(random: JavaRandom, lengthMax: number): string {
  const length = lengthMin + random.nextIntBelow(lengthMax - lengthMin);
  let text = "";
  for (let i = 0; i < length; i++) {
    const isSpace = random.nextIntBelow(13) === 0;
    text += isSpace ? " " : String.fromCharCode(codeOfA + random.nextIntBelow(letters));
  }
  return text.trim();
}

/**
 * Draws what fills an event of `size` bytes up to about `sizeAverage`, give or take a fifth of what
 * is missing.
 */
export function drawPadding(random: JavaRandom, size: number, sizeAverage: number): string {
  if (size > sizeAverage) return "";
  const missing = sizeAverage - size;
  const spread = Math.round(missing * 0.2);
  const length = missing - spread + (spread === 0 ? 0 : random.nextIntBelow(2 * spread));
  return drawCharacters(random, length);
}

/** Half of the ints are negative, and so are their remainders: characters from H to z come. */
function drawCharacters(random: JavaRandom, length: number): string {
  const codes: number[] = [];
  let rest = 0;
  for (let i = 0; i < length; i++) {
    if (i % lettersPerInt === 0) rest = random.nextInt();
    codes.push(codeOfA + (rest % letters));
    rest = Math.trunc(rest / letters);
  }
  return String.fromCharCode(...codes);
}
