/**
 * Open letters: how many dead letters of a job wait for somebody.
 *
 * Owns: counting them by stage, at the price of one read while there are none. Does not own: how many
 * were ever set aside, which is a metric (functions/status.ts).
 */
import type { Store } from "../functions/ports.ts";
import type { MeshPlan } from "../sdk/compile/plan.ts";

/** Dead letters that neither a replay nor `drop` has closed. */
export interface OpenLetters {
  readonly total: number;
  /** Of the stages of the plan that have any; letters of earlier plans' stages are in no stage. */
  readonly byStage: ReadonlyMap<string, number>;
}

/**
 * Returns what of `total` open letters is whose. Each count is as of its own moment.
 *
 * @throws ERR_UNAVAILABLE if the store does not answer
 */
export async function countOpenLetters(
  store: Pick<Store, "countOpenDeadLetters">,
  { stages }: MeshPlan,
  total: number,
): Promise<OpenLetters> {
  if (total === 0) return { total, byStage: new Map() };
  const counts = await Promise.all(
    stages.map(async ({ id }) => [id, await store.countOpenDeadLetters(id)] as const),
  );
  return { total, byStage: new Map(counts.filter(([, count]) => count > 0)) };
}
