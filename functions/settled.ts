/**
 * Settled: user code that is waited for, but not for ever.
 *
 * Owns: the limit. Its clock is the real one in every world, for so is the user code's. Does not own:
 * what becomes of outputs that come after the limit (chain.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";

/**
 * Returns what user code gives, once it does; what is no promise, at once.
 *
 * @param where - names what is waited for, when the limit has passed
 * @throws ERR_USER_CODE if it has not settled within `msMax`
 */
export async function settled<T>(
  running: T | PromiseLike<T>,
  msMax: number,
  where: () => string,
): Promise<T> {
  if (typeof (running as PromiseLike<T> | undefined)?.then !== "function") return running;
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unsettled(where(), msMax)), msMax);
  try {
    return await Promise.race([running, over]);
  } finally {
    clearTimeout(timer);
  }
}

function unsettled(where: string, msMax: number): MeshError {
  const words = `did not settle within ${msMax / 1_000} s. Give what it waits for a time-out of its own`;
  return new MeshError("ERR_USER_CODE", `${where}: ${words}.`);
}
