/**
 * Sample text: one sampled element as a line.
 */
import pc from "picocolors";
import type { SampledElement } from "./sampler.ts";

/** Returns an element as text. */
export function sampleText(element: SampledElement): string {
  const { eventTime, window, pane, side, shard, key, value, messageId } = element;
  const where = [
    eventTime,
    typeof window === "object" ? `[${window.start} … ${window.end})` : window,
    pane,
    side === undefined ? undefined : `side input ${side}`,
    shard === undefined ? undefined : `shard ${shard}`,
    messageId === undefined ? undefined : `message ${messageId}`,
  ].filter((part) => part !== undefined);
  const keyed = "key" in element ? `${pc.bold(JSON.stringify(key))}  ` : "";
  return `${pc.dim(where.join("  "))}  ${keyed}${JSON.stringify(value)}`;
}
