/**
 * CombineFn: an associative, commutative fold that the mesh may run in pieces.
 *
 * The runner folds inputs into accumulators wherever they are, merges accumulators after the
 * shuffle and extracts an output at each pane. Any split and any order must give one result.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#advanced-combines
 */
import type { Coder } from "../coders/coder.ts";

/** A fold over inputs `I` with accumulators `A` and outputs `O`. */
export interface CombineFn<I, A, O> {
  /** Shows in plans and errors. */
  readonly name: string;
  /** Returns an accumulator of no input. */
  createAccumulator(): A;
  /** Adds an input; may change `accumulator` in place, and returns it. */
  addInput(accumulator: A, input: I): A;
  /** Adds `other` to `accumulator`; may change `accumulator`, never `other`; returns it. */
  mergeAccumulators(accumulator: A, other: A): A;
  /** Returns the output of all that was added; called once for each pane. */
  extractOutput(accumulator: A): O;
  /** Makes an accumulator smaller before it crosses an edge. */
  compact?(accumulator: A): A;
  /** How accumulators cross an edge; any JSON-shaped value by default. */
  readonly accumulatorCoder?: Coder<A>;
}

/** Returns a CombineFn that calls another, which may be an instance of a class. */
export function delegating<I, A, O>(fn: CombineFn<I, A, O>): CombineFn<I, A, O> {
  return {
    name: fn.name,
    createAccumulator: () => fn.createAccumulator(),
    addInput: (accumulator, input) => fn.addInput(accumulator, input),
    mergeAccumulators: (accumulator, other) => fn.mergeAccumulators(accumulator, other),
    extractOutput: (accumulator) => fn.extractOutput(accumulator),
    ...(fn.compact === undefined ? {} : { compact: fn.compact.bind(fn) }),
    ...(fn.accumulatorCoder === undefined ? {} : { accumulatorCoder: fn.accumulatorCoder }),
  };
}
