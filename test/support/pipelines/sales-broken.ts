/** Sales as they were written at first: one amount and one shop were not thought of. */
import { sales } from "./sales.ts";

export default sales({
  parse(amount) {
    if (typeof amount === "number") return amount;
    throw new TypeError(`amount is no number: a ${typeof amount}`);
  },
  nameOf(shop) {
    if (shop === "closed") throw new Error("a shop that is closed");
    return shop;
  },
});
