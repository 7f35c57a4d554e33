/**
 * The example's flights, whose watermark is eight days behind what is published: so windows end, and
 * several at once, when a test says so.
 * Stages, sinks and rights are those of examples/flights.ts.
 */
import { pipeline, pubsub, watermarks } from "tidemark";
import { type Flight, writeDelays } from "../../../examples/flights.ts";

export default pipeline("flights", (p) => {
  const timestamp = (flight: Flight) => Date.parse(`${flight.date} UTC`);
  const watermark = watermarks.boundedOutOfOrderness({ hours: 8 * 24 });
  p.read(pubsub.topic<Flight>("flights", { timestamp, watermark })).apply(writeDelays);
});
