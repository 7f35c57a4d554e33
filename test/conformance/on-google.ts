/** Declares a suite over one of Google's emulators, or says why it can't run here. */
import { test } from "vitest";
import { searchGoogleEmulators } from "../../emulators/google/index.ts";

const { missing } = await searchGoogleEmulators();

/** Runs `declare` where Google's emulators are; else one skipped test names what is missing. */
export function onGoogle(name: string, declare: () => void): void {
  if (missing.length === 0) declare();
  else test.skip(`${name} (skipped: ${missing.join(" ")})`, () => {});
}
