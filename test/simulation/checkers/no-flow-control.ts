/**
 * `no-flow-control` (A6): a delivery is refused only if a fault has hit the instance meanwhile, or
 * the platform ended it; never because it is not the time, or another one is under way.
 */
import type { Checker } from "./checker.ts";

/** A6: a refusal is no flow control. */
export const noFlowControl: Checker = {
  name: "no-flow-control",
  promise: "A6: a delivery is refused only where a fault has hit the activation.",
  watch: (_, report) => ({
    refused({ life, disturbancesBefore }, error) {
      if (life.disturbances > disturbancesBefore) return;
      report(`${life.name} refuses without a fault: ${String(error)}`);
    },
  }),
};
