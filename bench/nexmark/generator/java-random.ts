/**
 * Java's random numbers: the same seed gives the same draws as `java.util.Random`.
 *
 * The state has 48 bits, and each draw is state = (state · 0x5DEECE66D + 0xB) mod 2^48. A product of
 * two such numbers leaves the safe integers, so the state is kept as two halves of 24 bits, whose
 * products stay below 2^49. Numbers are exact and nothing is allocated; a BigInt a draw would cost
 * many times as much.
 *
 * @see https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Random.html
 */

const multiplierHigh = 0x5de;
const multiplierLow = 0xece66d;
const increment = 0xb;
const halfMask = 0xffffff;
const halfSize = 0x1000000;
const int32Max = 0x7fffffff;

/** A stream of random numbers. */
export class JavaRandom {
  #high: number;
  #low: number;

  /** @param seed - a safe integer; bits above the 48th don't count, as in Java */
  constructor(seed: number) {
    this.#high = (Math.floor(seed / halfSize) & halfMask) ^ multiplierHigh;
    this.#low = (seed & halfMask) ^ multiplierLow;
  }

  /** Returns any of the 2^32 ints. */
  nextInt(): number {
    const low = this.#low * multiplierLow + increment;
    const newLow = low & halfMask;
    const carry = (low - newLow) / halfSize;
    const high = this.#high * multiplierLow + this.#low * multiplierHigh + carry;
    this.#low = newLow;
    this.#high = high & halfMask;
    return (this.#high << 8) | (newLow >>> 16);
  }

  /**
   * Returns an int from 0 to `bound` - 1: `nextInt(bound)` of Java.
   *
   * @throws RangeError unless the bound is an integer from 1 to 2^31 - 1
   */
  nextIntBelow(bound: number): number {
    if (!(Number.isInteger(bound) && bound > 0 && bound <= int32Max)) {
      throw new RangeError(`The bound must be an integer from 1 to ${int32Max}, not ${bound}.`);
    }
    let bits = this.nextInt() >>> 1;
    // A power of two takes the highest bits. The product may pass 2^53 and is exact all the same.
    if ((bound & (bound - 1)) === 0) return Math.floor((bound * bits) / 0x80000000);
    let value = bits % bound;
    // Numbers of the last, incomplete range of `bound` would make the small values likelier.
    while (bits - value + (bound - 1) > int32Max) {
      bits = this.nextInt() >>> 1;
      value = bits % bound;
    }
    return value;
  }

  /** Returns a number from 0 up to, not including, 1, of 53 random bits. */
  nextDouble(): number {
    const high = this.nextInt() >>> 6;
    const low = this.nextInt() >>> 5;
    return (high * 0x8000000 + low) / 2 ** 53;
  }
}
