/**
 * Status look: one snapshot of a running job.
 *
 * Owns: reading it with the plan that the job runs at that moment. Does not own: how it is shown.
 */
import { readDeployment } from "../functions/deployment.ts";
import type { Job } from "../functions/job.ts";
import { statusOf } from "../functions/status.ts";
import { explain } from "../functions/why.ts";
import type { Connection } from "./connection.ts";
import { countOpenLetters } from "./open-letters.ts";
import type { StatusLook } from "./status-report.ts";

/** Looks once at a job. */
export async function lookAt(
  { world, deployment, project }: Connection,
  isWhyWanted: boolean,
): Promise<StatusLook> {
  const { store } = world;
  const [snapshot, total] = await Promise.all([store.snapshot(), store.countOpenDeadLetters()]);
  const nowMs = world.clock.nowMs();
  const job = JSON.parse(snapshot.job?.text ?? "{}") as Partial<Job>;
  // Another plan may have come in its place since the connection was made.
  const isOther = job.plan !== undefined && job.plan !== deployment.plan.hash;
  const { plan, options } = isOther ? await readDeployment(store, job.plan ?? "") : deployment;
  return {
    status: statusOf(plan, snapshot, nowMs, options),
    open: await countOpenLetters(store, plan, total),
    plan: plan.hash,
    project,
    why: isWhyWanted ? explain(plan, snapshot, nowMs, options) : undefined,
    nowMs,
  };
}
