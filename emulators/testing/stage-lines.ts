/**
 * Stage lines: where a run stands, as an error shows it.
 */
import type { MeshStatus } from "../../functions/status.ts";
import { formatTimestamp } from "../../sdk/model/time.ts";

/** Returns a line for each stage. */
export function stageLines({ stages }: MeshStatus): string {
  const lines = stages.map(({ stage, bundlesInFlight, inputWatermark, outputWatermark }) => {
    const times = [inputWatermark, outputWatermark].map(formatTimestamp).join(" and ");
    return `  ${stage}: ${bundlesInFlight} bundles in flight, watermarks ${times}`;
  });
  return lines.join("\n");
}
