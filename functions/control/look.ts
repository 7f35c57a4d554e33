/**
 * Look: what a step waits for is looked at again where a look got no answer.
 *
 * Owns: how often. Does not own: what changes anything: that is given again by who gave it (JC2).
 *
 * A step may wait for minutes and look hundreds of times: one that failed must not undo all of it.
 */
import { isMeshError } from "../../sdk/model/errors.ts";
import type { Clock } from "../ports.ts";

const LOOKS_MAX = 5;
const PAUSE_MS = 500;

/**
 * Returns what a look finds.
 *
 * @throws ERR_UNAVAILABLE if none of a few looks got an answer, and whatever else it throws
 */
export async function look<T>(clock: Clock, once: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks++) {
    try {
      return await once();
    } catch (error) {
      const mayPass = isMeshError(error) && error.code === "ERR_UNAVAILABLE";
      if (!mayPass || looks >= LOOKS_MAX) throw error;
      await clock.sleep(PAUSE_MS * looks);
    }
  }
}
