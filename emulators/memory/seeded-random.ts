/**
 * Seeded random: the Random port, the same for the same seed.
 */
import type { Random } from "../../functions/ports.ts";

/** Returns a generator (mulberry32) that gives the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const word = (): string => Math.floor(next() * 4_294_967_296).toString(36);
  return { id: () => `${word()}${word()}`, fraction: next };
}
