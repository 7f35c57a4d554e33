/** approximateDistinct: about how many different inputs, in a state that does not grow. */
import { encodeKey } from "../../coders/key-coder.ts";
import { MeshError } from "../../model/errors.ts";
import type { CombineFn } from "../combine-fn.ts";
import { HyperLogLog, type Registers } from "./hyper-log-log.ts";

/** How exact the estimate is, and what is counted. */
export interface ApproximateDistinctOptions<I> {
  /** 4 to 16: the sketch has 2 to this power registers of a byte. 12 where left out. */
  readonly precision?: number;
  /** Instead of `precision`: the standard error of the estimate, as a part of 1, 0.0041 to 0.26. */
  readonly error?: number;
  /** Gives what to compare, by value; the input itself where left out. */
  readonly by?: (input: I) => unknown;
}

const PRECISION_DEFAULT = 12;
const PRECISION_MIN = 4;
const PRECISION_MAX = 16;
/** The standard error of one register, by which that of all follows. */
const ERROR_OF_ONE = 1.04;

/**
 * Estimates how many different inputs there are, where inputs are equal as keys are: by value. Of no
 * input: 0. For an exact count use `distinctCount`, whose state grows.
 *
 * The standard error is 1.04 / √(2^precision): 1.6 % for the default precision of 12. Two estimates of
 * three lie within it, and 99.7 % within three times of it; up to a hundredth of 2^precision it is
 * mostly exact. The state is at most 2^precision bytes (as base64), and less where inputs are few.
 *
 * @throws ERR_OPTION if precision or error are out of range, or both are given
 * @throws ERR_KEY, when it runs, for a value that has no canonical form
 * @example visits.combinePerKey(approximateDistinct({ error: 0.01, by: (v) => v.userId }))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/zetasketch/ApproximateCountDistinct.html
 */
export function approximateDistinct<I>(
  options: ApproximateDistinctOptions<I> = {},
): CombineFn<I, Registers, number> {
  const precision = precisionOf(options);
  const { by } = options;
  const sketch = new HyperLogLog(precision);
  return {
    name: `approximateDistinct ${precision}`,
    createAccumulator: () => sketch.empty(),
    addInput: (registers, input) =>
      sketch.add(registers, encodeKey(by === undefined ? input : by(input))),
    mergeAccumulators: (registers, other) => sketch.merge(registers, other),
    extractOutput: (registers) => sketch.estimate(registers),
    accumulatorCoder: sketch.coder,
  };
}

function precisionOf({ precision, error }: ApproximateDistinctOptions<never>): number {
  if (precision !== undefined && error !== undefined) {
    throw refused("give precision or error, not both");
  }
  const chosen =
    error === undefined
      ? (precision ?? PRECISION_DEFAULT)
      : Math.max(PRECISION_MIN, Math.ceil(2 * Math.log2(ERROR_OF_ONE / error)));
  if (Number.isInteger(chosen) && chosen >= PRECISION_MIN && chosen <= PRECISION_MAX) return chosen;
  throw refused(
    `precision is a whole number from ${PRECISION_MIN} to ${PRECISION_MAX}, ` +
      `and error a part of 1 of at least ${errorOf(PRECISION_MAX)}`,
  );
}

function errorOf(precision: number): number {
  return Number((ERROR_OF_ONE / Math.sqrt(2 ** precision)).toFixed(4));
}

function refused(words: string): MeshError {
  return new MeshError("ERR_OPTION", `approximateDistinct: ${words}.`);
}
