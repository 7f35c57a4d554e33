/**
 * Watermark log: how far the output watermark of each stage lies behind the clock, for charts.
 *
 * Owns: the entry, and how often it is written. Does not own: what is made of it (infra/watermark-metric.ts).
 *
 * WG1. One entry a stage and `watermarkLogMs`, of each instance of the tracker: logs are billed by volume.
 * WG2. Nothing is written where no tick runs, nor of a watermark that is not known or at its end.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { type Job, watermarksOf } from "./job.ts";
import type { EngineOptions } from "./options.ts";
import type { World } from "./ports.ts";
import type { Ticks } from "./ticks.ts";
import { freshnessOf } from "./watermark.ts";

/** The field of an entry that holds the lag, in s. */
export const WATERMARK_LAG_FIELD = "watermarkLagSeconds";

/** What is logged by. */
interface WatermarkLogContext {
  readonly plan: MeshPlan;
  readonly world: Pick<World, "log">;
  readonly options: Pick<EngineOptions, "watermarkLogMs">;
  readonly ticks: Ticks;
}

/** Logs the watermark lag of each stage, unless this instance did so a short time ago. */
export function logWatermarks(
  { plan, world, options, ticks }: WatermarkLogContext,
  job: Job,
  nowMs: number,
): void {
  const { watermarkLogMs } = options;
  if (watermarkLogMs === 0 || nowMs < ticks.watermarksLoggedMs + watermarkLogMs) return;
  for (const { id } of plan.stages) {
    const lagMs = freshnessOf(watermarksOf(job, id)[1], nowMs);
    if (lagMs === undefined) continue;
    ticks.watermarksLoggedMs = nowMs;
    world.log("INFO", "Watermark.", { stage: id, [WATERMARK_LAG_FIELD]: lagMs / 1_000 });
  }
}
