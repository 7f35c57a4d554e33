/**
 * Tagged outputs: several PCollections out of one ParDo, each with its own element type.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#additional-outputs
 */
import { MeshError } from "../model/errors.ts";

declare const elementType: unique symbol;

/** Declares one of a ParDo's outputs; its type exists for the compiler alone. */
export interface OutputTag<out T> {
  /** Exists in types only. */
  readonly [elementType]?: () => T;
}

/** The outputs of a ParDo, by name; `main` is where `context.output` goes. */
export interface OutputTags {
  readonly main: OutputTag<unknown>;
  readonly [tag: string]: OutputTag<unknown>;
}

/** What each of the tags carries. */
export type TagValues<Tags> = {
  readonly [K in keyof Tags]: Tags[K] extends OutputTag<infer T> ? T : never;
};

/**
 * Declares an output of elements of type `T`.
 *
 * @example
 * const { main, late } = orders.parDo(split, {
 *   outputs: { main: outputTag<Order>(), late: outputTag<string>() },
 * });
 */
export function outputTag<T>(): OutputTag<T> {
  return Object.freeze({});
}

/**
 * Returns the names of a ParDo's tags, `main` among them.
 *
 * @throws ERR_OPTION if there is no `main`
 */
export function tagNames(tags: OutputTags): readonly string[] {
  if (tags.main !== undefined) return Object.freeze(Object.keys(tags));
  throw new MeshError(
    "ERR_OPTION",
    "The outputs of a ParDo lack `main`, to which context.output() emits. Declare outputs: { main: outputTag<…>(), … }.",
  );
}
