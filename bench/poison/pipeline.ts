/**
 * Readings: each passes an ingest stage and a shuffle, and goes out as a message of its own, so that
 * how long each one takes can be seen from outside.
 */
import { type Pipeline, pipeline, pubsub } from "../../sdk/index.ts";

/** One message. */
export interface Reading {
  readonly n: number;
  /** Where it makes the author's code throw. */
  readonly poison?: "before the shuffle" | "behind the shuffle";
}

/** Topics. */
export const READINGS = "readings";
export const CHECKED = "checked";

/** The pipeline; `check` throws for what is not its liking. */
export function readings(check: (reading: Reading, place: Reading["poison"]) => Reading): Pipeline {
  return pipeline("readings", (p) => {
    p.read(pubsub.topic<Reading>(READINGS))
      .map((reading) => check(reading, "before the shuffle"), { name: "check" })
      .reshuffle()
      .map((reading) => check(reading, "behind the shuffle"), { name: "check again" })
      .write(pubsub.topic(CHECKED));
  });
}
