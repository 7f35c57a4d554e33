/**
 * Attempts: the author's code of a read, tried until it succeeds or has failed often enough.
 *
 * Owns: how often, and which failures are thrown on. Does not own: what becomes of a failure.
 */
import type { MeshError } from "../../sdk/model/errors.ts";
import type { RunContext } from "../run-bundle.ts";
import { settled } from "../settled.ts";
import { placeOf, userError } from "../user-errors.ts";

/** What came of it: a value, or the last failure. */
export type Attempted<T> =
  | { readonly value: T }
  | { readonly error: MeshError; readonly attempts: number };

/** Tries the author's code; only what another attempt can't mend is given back as a failure (U2). */
export async function attempted<T>(
  { program, chain, clock, options }: RunContext,
  work: () => T | Promise<T>,
): Promise<Attempted<T>> {
  const { metrics } = chain;
  const step = metrics.step(program.root.name);
  metrics.keep(); // What was counted before belongs to no attempt of this.
  for (let attempts = 1; ; attempts++) {
    try {
      const where = (): string => placeOf(program.root);
      return { value: await settled(step.run(work), options.userCodeMsMax, where) };
    } catch (cause) {
      metrics.discard();
      const error = userError(program.root, cause);
      if (error.disposition !== "dead-letter") throw error;
      // Only the author's own code may succeed the next time.
      const isLast = error.code !== "ERR_USER_CODE" || attempts >= options.attemptsMax;
      if (isLast) return { error, attempts };
      await clock.sleep(options.retryBackoffMs * 2 ** (attempts - 1));
    }
  }
}
