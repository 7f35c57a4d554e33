/**
 * What the author hands to `read` and `write`: a spec with the type of its elements.
 */
import type { SinkSpec } from "./sink-spec.ts";
import type { SourceSpec } from "./source-spec.ts";

declare const elementType: unique symbol;

/** Something that `p.read` reads; gives elements of type `T`. */
export interface Source<out T> {
  readonly source: SourceSpec;
  /** Exists in types only. */
  readonly [elementType]?: () => T;
}

/** Something that `.write` writes to; takes elements of type `T`. */
export interface Sink<in T> {
  readonly sink: SinkSpec<T>;
}
