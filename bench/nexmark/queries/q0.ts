/** Query 0, PASSTHROUGH: what goes in comes out. What sources, sinks and encoding cost. */
import type { PCollection } from "tidemark";
import type { NexmarkEvent } from "../generator/events.ts";

/** Returns all events. */
export function passthrough(events: PCollection<NexmarkEvent>): PCollection<NexmarkEvent> {
  return events.map((event) => event, { name: "pass through" });
}
