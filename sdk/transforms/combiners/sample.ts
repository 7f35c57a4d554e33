/**
 * Samples: some of the inputs.
 *
 * Owns: a uniform sample, by a random number that each input is given once and carries along: the `n`
 * with the largest are the same in whatever order parts are merged, and each set of `n` is as likely.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Sample.html
 */
import { MeshError } from "../../model/errors.ts";
import type { CombineFn } from "../combine-fn.ts";
import { top } from "./top.ts";

/** An input with the random number that decides whether it stays. */
export type SampleAccumulator<I> = (readonly [priority: number, input: I])[];

/**
 * Takes `n` of the inputs, each as likely as any other, without taking one twice; all of them where
 * they are fewer. In any order. Of no input: []. A run again may give another sample.
 *
 * @param n - how many, a whole number ≥ 1
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example requests.keyBy((r) => r.path).combinePerKey(sampleFixedSize(10))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Sample.html
 */
export function sampleFixedSize<I>(n: number): CombineFn<I, SampleAccumulator<I>, I[]> {
  requireSize("sampleFixedSize", n);
  const highest = top<readonly [number, I]>(n, ([priority]) => priority);
  return {
    name: `sampleFixedSize ${n}`,
    createAccumulator: highest.createAccumulator,
    addInput: (accumulator, input) => highest.addInput(accumulator, [Math.random(), input]),
    mergeAccumulators: highest.mergeAccumulators,
    extractOutput: (accumulator) => accumulator.map(([, input]) => input),
  };
}

/**
 * Takes `n` of the inputs, any; all of them where they are fewer. Of no input: []. Cheaper than
 * `sampleFixedSize`, and what comes first is likelier to stay.
 *
 * @param n - how many, a whole number ≥ 1
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example errors.keyBy((e) => e.code).combinePerKey(sampleAny(3))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Sample.html
 */
export function sampleAny<I>(n: number): CombineFn<I, I[], I[]> {
  requireSize("sampleAny", n);
  const add = (sample: I[], input: I): I[] => {
    if (sample.length < n) sample.push(input);
    return sample;
  };
  return {
    name: `sampleAny ${n}`,
    createAccumulator: () => [],
    addInput: add,
    mergeAccumulators: (sample, other) => other.reduce(add, sample),
    extractOutput: (sample) => sample.slice(),
  };
}

function requireSize(name: string, n: number): void {
  if (Number.isSafeInteger(n) && n >= 1) return;
  throw new MeshError("ERR_OPTION", `${name}: give a whole number of at least 1, not ${n}.`);
}
