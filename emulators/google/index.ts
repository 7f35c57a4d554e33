/**
 * Google's own emulators, as callers see them.
 *
 * Owns: the list of what is exported. Does not own: anything else (find.ts, start.ts).
 */
export {
  findGoogleEmulators,
  type GoogleEmulators,
  type GoogleSearch,
  searchGoogleEmulators,
} from "./find.ts";
export {
  type GoogleEmulator,
  type GoogleEmulatorOptions,
  startGoogleFirestore,
  startGooglePubsub,
} from "./start.ts";
