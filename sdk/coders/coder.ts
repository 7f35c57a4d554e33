/**
 * Coders: how values cross an edge of the mesh.
 *
 * A coder turns a value into JSON-shaped data, without making text of it: a bundle is written as
 * text once, as a whole, which is several times faster than one text for each element.
 *
 * C1. `decode(encode(x))` equals `x`.
 */

/** What `JSON.stringify` keeps as it is. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json };

/** Turns values into JSON-shaped data and back. */
export interface Coder<T> {
  /** Stable name: part of the fingerprint that an update is checked against. */
  readonly name: string;
  /** @throws ERR_ENCODE if the value can't cross an edge */
  encode(value: T): Json;
  /** @throws ERR_DECODE if the data is not what `encode` gives */
  decode(json: Json): T;
}
