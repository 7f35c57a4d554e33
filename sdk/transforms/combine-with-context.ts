/**
 * Combine with context: a fold that reads side inputs.
 *
 *     input ─▶ groupByKey ─▶ parDo with side inputs, which folds the values of each key
 *
 * Nothing is folded before the shuffle, for the side inputs of a window may not be there yet: all
 * values of a key and window are kept. Where the fold doesn't need the side input, `combinePerKey`
 * and a ParDo after it move less.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/CombineWithContext.html
 */
import type { TransformOptions } from "../graph-builder.ts";
import { type KV, kv } from "../model/kv.ts";
import type { PCollection } from "../pcollection.ts";
import type { DoFn, None, ProcessContext } from "./do-fn.ts";
import type { SideInputs, SideValues } from "./side-input.ts";

/** What a fold with context may read. */
export type CombineContext<Sides> = Pick<
  ProcessContext<never, None, Sides>,
  "sideInput" | "window"
>;

/** A fold over inputs `I` with accumulators `A` and outputs `O`, which reads side inputs. */
export interface CombineFnWithContext<I, A, O, Sides> {
  /** Returns an accumulator of no input. */
  createAccumulator(context: CombineContext<Sides>): A;
  /** Adds an input; may change `accumulator` in place, and returns it. */
  addInput(accumulator: A, input: I, context: CombineContext<Sides>): A;
  /** Returns the output of all that was added. */
  extractOutput(accumulator: A, context: CombineContext<Sides>): O;
}

/**
 * Returns the composite that folds the values of each key and window with side inputs at hand.
 *
 * @example
 * const weighted = {
 *   createAccumulator: () => 0,
 *   addInput: (sum: number, n: number, context) => sum + n * context.sideInput("weight"),
 *   extractOutput: (sum: number) => sum,
 * };
 * scores.apply(combinePerKeyWithContext(weighted, { sideInputs: { weight } }));
 */
export function combinePerKeyWithContext<I, A, O, const Sides extends SideInputs>(
  fn: CombineFnWithContext<I, A, O, SideValues<Sides>>,
  options: TransformOptions & { readonly sideInputs: Sides },
): <K>(input: PCollection<KV<K, I>>) => PCollection<KV<K, O>> {
  return <K>(input: PCollection<KV<K, I>>) => {
    const fold: DoFn<KV<K, readonly I[]>, KV<K, O>, None, SideValues<Sides>> = {
      process({ key, value }, context) {
        let accumulator = fn.createAccumulator(context);
        for (const each of value) accumulator = fn.addInput(accumulator, each, context);
        context.output(kv(key, fn.extractOutput(accumulator, context)));
      },
    };
    return input.groupByKey().parDo(fold, options);
  };
}
