/**
 * Composites: transforms that are made of others.
 *
 * Owns: the type of what `apply` takes, and the scope that a composite of several inputs stands in.
 * A composite of one input is a function, so that anyone can write one; the SDK's own show their
 * name in plans (`PCollection.within`).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#composite-transforms
 */
import type { TransformOptions } from "../graph-builder.ts";
import type { PCollection } from "../pcollection.ts";

/**
 * What `coll.apply(…)` takes: a function from elements `T` to elements `U`.
 *
 * @example const lengths: Composite<string, number> = (words) => words.map((word) => word.length)
 */
export type Composite<in T, out U> = (input: PCollection<T>) => PCollection<U>;

/** Runs `build` in the scope of the author's name, or behind `label` where there is none. */
export function inScopeOf<R>(
  input: PCollection<unknown>,
  label: string,
  { name }: TransformOptions,
  build: () => R,
): R {
  return name === undefined ? input.within(label, build) : input.apply(name, build);
}
