/**
 * The generator's random numbers: those of Java 17, and of the definition in BigInt.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JavaRandom } from "../../../../bench/nexmark/generator/java-random.ts";

/** Printed by Java 17; the bounds are 50, 64, 2^30·3/2 + 1 twice, 2^31 - 1, 2^30 and 1 in turn. */
const bounds = [50, 64, 1_610_612_737, 1_610_612_737, 2_147_483_647, 1_073_741_824, 1];
const golden = [
  {
    seed: 0,
    ints: [-1_155_484_576, -723_955_400, 1_033_096_058],
    doubles: [0.730967787376657, 0.24053641567148587],
    below: [10, 53, 516_548_029, 1_302_116_447, 1_368_843_515, 331_840_526, 0],
  },
  {
    seed: 42,
    ints: [-1_170_105_035, 234_785_527, -1_360_544_799],
    doubles: [0.7275636800328681, 0.6832234717598454],
    below: [30, 3, 1_467_211_248, 102_948_884, 662_969_970, 1_011_543_762, 0],
  },
  {
    seed: 1,
    ints: [-1_155_869_325, 431_529_176, 1_761_283_695],
    doubles: [0.7308781907032909, 0.41008081149220166],
    below: [35, 6, 880_641_847, 874_970_313, 446_064_254, 38_907_452, 0],
  },
  {
    seed: 99_999,
    ints: [-1_972_737_213, -1_563_636_716, 2_063_934_417],
    doubles: [0.5406863337149836, 0.48054717890624943],
    below: [41, 40, 1_031_967_208, 590_135_309, 555_753_130, 168_931_554, 0],
  },
];

/** The definition, bit by bit. */
class ReferenceRandom {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt.asUintN(48, BigInt(seed) ^ 0x5deece66dn);
  }

  next(bits: number): number {
    this.#state = BigInt.asUintN(48, this.#state * 0x5deece66dn + 0xbn);
    return Number(BigInt.asIntN(32, this.#state >> BigInt(48 - bits)));
  }

  nextIntBelow(bound: number): number {
    const n = BigInt(bound);
    for (;;) {
      const bits = BigInt(this.next(31));
      if ((n & -n) === n) return Number((n * bits) >> 31n);
      const value = bits % n;
      if (BigInt.asIntN(32, bits - value + n - 1n) >= 0n) return Number(value);
    }
  }

  nextDouble(): number {
    const bits = (BigInt(this.next(26)) << 27n) + BigInt(this.next(27));
    return Number(bits) / 2 ** 53;
  }
}

const anySeed = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -100_000, max: 100_000 }));
const anyBound = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.integer({ min: 0, max: 30 }).map((exponent) => 2 ** exponent),
  // Nearly every second draw is rejected.
  fc.integer({ min: 2 ** 30 + 1, max: 2 ** 30 + 100 }),
);

describe.each(golden)("with the seed $seed", ({ seed, ints, doubles, below }) => {
  test("ints, doubles and bounded ints are Java's", () => {
    const forInts = new JavaRandom(seed);
    expect(ints.map(() => forInts.nextInt())).toEqual(ints);
    const forDoubles = new JavaRandom(seed);
    expect(doubles.map(() => forDoubles.nextDouble())).toEqual(doubles);
    const forBelow = new JavaRandom(seed);
    expect(bounds.map((bound) => forBelow.nextIntBelow(bound))).toEqual(below);
  });
});

test("every draw is that of the definition, whatever was drawn before", () => {
  const draw = fc.oneof(fc.constant<"int">("int"), fc.constant<"double">("double"), anyBound);
  fc.assert(
    fc.property(anySeed, fc.array(draw, { minLength: 1, maxLength: 40 }), (seed, draws) => {
      const random = new JavaRandom(seed);
      const reference = new ReferenceRandom(seed);
      for (const what of draws) {
        if (what === "int") expect(random.nextInt()).toBe(reference.next(32));
        else if (what === "double") expect(random.nextDouble()).toBe(reference.nextDouble());
        else expect(random.nextIntBelow(what)).toBe(reference.nextIntBelow(what));
      }
    }),
    { numRuns: 500 },
  );
});

test.each([0, -1, 1.5, 2 ** 31, Number.NaN])("a bound of %d is refused", (bound) => {
  expect(() => new JavaRandom(0).nextIntBelow(bound)).toThrow(RangeError);
});
