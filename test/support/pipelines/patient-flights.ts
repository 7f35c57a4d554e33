/**
 * Patient flights: the flights example without an idle rule, so that a source which is killed for a
 * while is not taken for one that has no more to say.
 */
import { pipeline, pubsub } from "tidemark";
import { type Flight, writeDelays } from "../../../examples/flights.ts";

export default pipeline("patient-flights", (p) => {
  const timestamp = (flight: Flight) => Date.parse(`${flight.date} UTC`);
  p.read(pubsub.topic<Flight>("flights", { timestamp })).apply(writeDelays);
});
