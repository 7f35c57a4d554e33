/** Prices in cents, from 100 to 10^8: each power of ten is as likely as another. */
import type { JavaRandom } from "./java-random.ts";

/** Draws a price. */
export function drawPrice(random: JavaRandom): number {
  return Math.round(10 ** (random.nextDouble() * 6) * 100);
}
