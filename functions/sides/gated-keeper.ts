/**
 * Gated keeper: a gate for side inputs, and what the root keeps of the elements that it lets go.
 *
 * Owns: what both together mean for watermark and timers. Does not own: either of them.
 *
 * V5. While elements wait, event time stands still for the root at the earliest of them: no timer
 *     fires and no window expires before an element that it should have seen.
 * V6. What a timer or an expiry may still read of a side input is kept until it has fired.
 */
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import type { Watermarks } from "../grouping.ts";
import type { Keeper } from "../keeper.ts";
import type { Gate } from "./gate.ts";

/** Returns the watermarks as the root behind a gate may see them (V5). */
export function behindGate([input, output]: Watermarks, gate: Gate | undefined): Watermarks {
  return gate === undefined ? [input, output] : [earlier(input, gate.earliest()), output];
}

/** Returns a gate and a root behind it as one keeper; the gate alone where there is no such root. */
export function gatedKeeper(
  gate: Gate,
  root: Keeper | undefined,
  inputWatermark: () => Timestamp,
): Keeper {
  const rootTimer = (): Timestamp => {
    const timer = root?.nextTimer() ?? MAX_TIMESTAMP;
    // One that has to wait for the elements is told of by what lets them go.
    return timer < gate.earliest() ? timer : MAX_TIMESTAMP;
  };
  return {
    hold: () => earlier(gate.hold(), root?.hold() ?? MAX_TIMESTAMP),
    nextTimer: () => earlier(gate.nextTimer(), rootTimer()),
    nextProcessingMs: () => root?.nextProcessingMs() ?? MAX_TIMESTAMP,
    nextSynchronizedMs: () => root?.nextSynchronizedMs() ?? MAX_TIMESTAMP,
    settle() {
      root?.settle();
      gate.settle();
      if (rootTimer() >= inputWatermark()) gate.forget();
    },
  };
}
