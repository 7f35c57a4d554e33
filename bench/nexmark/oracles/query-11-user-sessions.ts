/**
 * Query 11, USER_SESSIONS: how many bids each person makes in one go.
 *
 * Rule: a session ends when its person makes no bid for the gap, which is the size of a window. Two
 * bids exactly a gap apart are in two sessions. A session has one row, which comes out when it closes:
 * the trigger waits for 100,000 bids, and no session here has as many.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";
import type { WindowBounds } from "./windows.ts";

/** The bids of a person in a session, which ends a gap after the last one. */
export interface UserSession extends WindowBounds {
  readonly bidder: number;
  readonly bids: number;
}

/** Returns the sessions of all bidders. */
export function userSessions(
  events: readonly NexmarkEvent[],
  { windowSizeMs: gapMs } = NEXMARK_DEFAULTS,
): readonly UserSession[] {
  const byBidder = Map.groupBy(bidsOf(events), ({ bidder }) => bidder);
  return [...byBidder].flatMap(([bidder, bids]) => {
    const times = bids.map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    return sessionsOf(times, gapMs).map((session) => ({ ...session, bidder }));
  });
}

function sessionsOf(times: readonly number[], gapMs: number): Omit<UserSession, "bidder">[] {
  const sessions: { windowStartMs: number; windowEndMs: number; bids: number }[] = [];
  for (const time of times) {
    const last = sessions.at(-1);
    if (last !== undefined && time < last.windowEndMs) {
      last.windowEndMs = time + gapMs;
      last.bids++;
    } else {
      sessions.push({ windowStartMs: time, windowEndMs: time + gapMs, bids: 1 });
    }
  }
  return sessions;
}
