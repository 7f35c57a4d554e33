/**
 * Flight batches: messages of several flights each, as the pipelines of the chaos runs read them.
 *
 * There is no idle rule, so that a source which is killed for a while is not taken for one that has
 * no more to say.
 */
import { type PCollection, pubsub } from "tidemark";
import type { Flight } from "../../../examples/flights.ts";

/** One message: flights in the order of their dates. */
export interface FlightBatch {
  /** The publisher's own: its publishing is tried again as well, and Pub/Sub then gives another id. */
  readonly id: string;
  readonly flights: readonly Flight[];
}

const timeOf = ({ date }: Flight): number => Date.parse(`${date} UTC`);

/** The topic that a chaos run publishes to. */
export const batches: ReturnType<typeof pubsub.topic<FlightBatch>> = pubsub.topic<FlightBatch>(
  "flights",
  { id: ({ id }) => id, timestamp: ({ flights: [first] }) => timeOf(first as Flight) },
);

/** Returns the flights of the messages, each at its own time. */
export function flightsOf(messages: PCollection<FlightBatch>): PCollection<Flight> {
  return messages
    .flatMap(({ flights }) => flights, { name: "flights of a message" })
    .withTimestamps(timeOf);
}
