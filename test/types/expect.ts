/**
 * What type tests expect of types: a call compiles only if it holds. Nothing here runs.
 */
import type { PCollection } from "../../sdk/index.ts";

/** Whether two types are the same, and not only assignable to each other. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the PCollection's elements are exactly of type `T`. */
export function expectElements<T>() {
  return <U>(_: PCollection<U>, ..._equal: Equal<T, U> extends true ? [] : [never]): void => {};
}

/** Compiles only if the value is exactly of type `T`. */
export function expectType<T>() {
  return <U>(_: U, ..._equal: Equal<T, U> extends true ? [] : [never]): void => {};
}
