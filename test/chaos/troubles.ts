/**
 * Troubles: connections that break and answers that get lost, at seeded moments, beside the kills.
 *
 * Owns: which trouble comes when, and the count. Does not own: how it is made (severable-proxy.ts,
 * emulators/faults.ts).
 */
import { status } from "@grpc/grpc-js";
import type { Faults } from "../../emulators/faults.ts";
import type { Pause } from "./pause.ts";
import type { Relays } from "./relays.ts";

const PAUSE_MS = { min: 300, max: 1_500 };

/** Calls whose answer may get lost; `push` and `dispatch` are what a service asks of a function. */
const CALLS = ["Commit", "Publish", "CreateTask", "push", "dispatch"] as const;

/** What went wrong by us. */
export interface TroubleCounts {
  /** Connections between functions and services that were broken. */
  connectionsCut: number;
  /** Calls that were done and whose answer was lost: asked for, at the embedded servers. */
  answersLost: number;
}

/** Breaks connections and loses answers until `isOver`. */
export async function makeTroubles(
  relays: Relays,
  faults: Faults | undefined,
  pause: Pause,
  counts: TroubleCounts,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    await pause.between(PAUSE_MS.min, PAUSE_MS.max);
    const service = pause.one(relays.connected());
    if (service !== undefined) counts.connectionsCut += relays.sever(service);
    // One at a time: where calls are rare, faults that gather would meet every one of them.
    const call = pause.one(CALLS.filter((name) => faults?.waiting(name) === 0));
    if (faults === undefined || call === undefined) continue;
    faults.inject(call, { kind: "loseAnswer", code: status.UNAVAILABLE });
    counts.answersLost++;
  }
}
