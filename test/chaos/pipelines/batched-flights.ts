/**
 * Batched flights: the flights example behind messages of several flights each: combines over combines.
 */
import { pipeline } from "tidemark";
import { writeDelays } from "../../../examples/flights.ts";
import { batches, flightsOf } from "./flight-batches.ts";

export default pipeline("batched-flights", (p) => {
  p.read(batches, { name: "flights" }).apply(flightsOf).apply(writeDelays);
});
