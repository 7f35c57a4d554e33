/**
 * Query 0, PASSTHROUGH: what goes in comes out. It shows what sources, sinks and encoding cost.
 *
 * Rule: each event once, unchanged.
 */
import type { NexmarkEvent } from "../generator/events.ts";

/** Returns all events. */
export function passthrough(events: readonly NexmarkEvent[]): readonly NexmarkEvent[] {
  return events;
}
