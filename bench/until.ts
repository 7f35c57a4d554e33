/** Until: a benchmark waits for something, and not for ever. */
import { setTimeout as sleep } from "node:timers/promises";
import { MeshError } from "../sdk/model/errors.ts";

/**
 * Resolves when something is so.
 *
 * @param what - for the error
 * @param pollMs - how long between two looks
 * @throws ERR_EMULATOR if it is not so in time
 */
export async function until(
  what: string,
  isSo: () => boolean,
  pollMs: number,
  timeoutMs: number,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > endMs) {
      throw new MeshError("ERR_EMULATOR", `Waited ${timeoutMs} ms in vain for ${what}.`);
    }
    await sleep(pollMs);
  }
}
