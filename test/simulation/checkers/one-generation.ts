/**
 * `one-generation` (RP2, FE1): no shard is committed that is of another plan, or of another
 * generation, than the job: an instance of before always loses.
 */
import type { Job } from "../../../functions/job.ts";
import type { HeadView } from "../world/ledger.ts";
import type { Checker } from "./checker.ts";

/** RP2: what an earlier generation knows is never committed over what a later one has. */
export const oneGeneration: Checker = {
  name: "one-generation",
  promise: "RP2: no head of another plan or generation than the job's is committed.",
  watch: ({ ledger }, report) => ({
    committed({ commit: { shard }, after }) {
      const { job } = ledger;
      if (job === undefined || isOf(job, after)) return;
      const { generation, plan, version } = after;
      const name = `${shard.stage}/${shard.shard}, version ${version}`;
      report(`${name}: is of generation ${generation}, plan ${plan ?? "?"}; the job is not`);
    },
  }),
};

function isOf({ plan, generation = 0, change }: Job, after: HeadView): boolean {
  // Heads of the first generation do not name their plan.
  const isPlan = after.plan === undefined || after.plan === plan;
  if (isPlan && after.generation === generation) return true;
  // Written already, and the job is to follow: an instance of that plan may be out.
  const isNext = after.generation === generation + 1 && change?.phase === "moving";
  return isNext && (isPlan || after.plan === change.plan);
}
