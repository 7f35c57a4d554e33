/** Readings as they were written at first: some were not thought of. */
import { readings } from "./pipeline.ts";

export default readings((reading, place) => {
  if (reading.poison === place) throw new Error(`a reading that is poison ${place}`);
  return reading;
});
