import { MeshError } from "../../../sdk/model/errors.ts";

/** Returns the MeshError that `fn` throws. */
export function meshErrorOf(fn: () => unknown): MeshError {
  try {
    fn();
  } catch (e) {
    if (e instanceof MeshError) return e;
    throw e;
  }
  throw new Error("Nothing was thrown.");
}
