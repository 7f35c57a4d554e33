/** partition: one PCollection → several, by a number of each element. */
import { MeshError } from "../model/errors.ts";
import type { PCollection } from "../pcollection.ts";
import { type OutputTag, type OutputTags, outputTag } from "./tagged-outputs.ts";

/** A list of `N` PCollections, so that `const [a, b] = …` knows that both are there. */
export type Partitions<T, N extends number> = number extends N
  ? readonly PCollection<T>[]
  : TupleOf<PCollection<T>, N>;

type TupleOf<T, N extends number, Items extends readonly T[] = []> = Items["length"] extends N
  ? Items
  : TupleOf<T, N, readonly [...Items, T]>;

interface PartTags<T> extends OutputTags {
  readonly main: OutputTag<T>;
  readonly [part: string]: OutputTag<T>;
}

/**
 * Splits a PCollection into `n`: each element goes into the one whose number `fn` gives.
 *
 * @param n - how many, a whole number ≥ 1
 * @param fn - gives a whole number from 0 to n - 1; for another one the element becomes a dead letter
 *   with ERR_USER_CODE
 * @throws ERR_OPTION if `n` is not a whole number ≥ 1
 * @example const [small, large] = orders.apply(partition(2, (o) => (o.cents < 10_000 ? 0 : 1)))
 * @see https://beam.apache.org/documentation/programming-guide/#partition
 */
export function partition<T, const N extends number>(
  n: N,
  fn: (element: T) => number,
): (input: PCollection<T>) => Partitions<T, N> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MeshError("ERR_OPTION", `partition: give a whole number of at least 1, not ${n}.`);
  }
  const names = Array.from({ length: n }, (_, part) => (part === 0 ? "main" : `part ${part}`));
  const outputs = Object.fromEntries(names.map((name) => [name, outputTag<T>()]));
  return (input) =>
    input.within("partition", () => {
      const parts = input.parDo(
        {
          process(element: T, context) {
            const part = numberOf(fn(element), n);
            if (part === 0) context.output(element);
            else context.outputTo(names[part] ?? "", element);
          },
        },
        { outputs: outputs as PartTags<T> },
      );
      return names.map((name) => parts[name]) as unknown as Partitions<T, N>;
    });
}

function numberOf(number: number, n: number): number {
  if (Number.isInteger(number) && number >= 0 && number < n) return number;
  throw new RangeError(`partition: its function gave ${number}; give 0 to ${n - 1}.`);
}
