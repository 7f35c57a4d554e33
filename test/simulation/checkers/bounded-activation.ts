/**
 * `bounded-activation` (A7): what one activation gives is bounded by the options; the rest is a
 * message to itself.
 */
import type { StagePlan } from "../../../sdk/compile/plan.ts";
import type { Checker, CommitEvent, RunView } from "./checker.ts";

/** Messages that one activation takes at most (stage-handler.ts). */
const MESSAGES_MAX = 16;
/** Elements that the workloads' transforms make of one, at most. */
const FAN_OUT_MAX = 4;

/** A7: firings, elements and bundles of an activation are bounded. */
export const boundedActivation: Checker = {
  name: "bounded-activation",
  promise: "A7: an activation is bounded in firings, elements and the size of a bundle.",
  watch(run, report) {
    return {
      committed(event) {
        const { stage: id, shard } = event.commit.shard;
        const elements = elementsOut(event);
        const most = mostElements(
          run,
          run.plan.stages.find((stage) => stage.id === id),
        );
        if (elements > most) report(`${id}/${shard}: ${elements} elements out, at most ${most}`);
      },
      published({ envelope }) {
        if (envelope?.body.kind !== "elements") return;
        const { bundleElementsMax } = run.engine;
        const size = envelope.body.windows.reduce((sum, { values }) => sum + values.length, 0);
        if (size > bundleElementsMax) report(`a bundle of ${size} elements to ${envelope.stage}`);
      },
    };
  },
};

function elementsOut({ before, after }: CommitEvent): number {
  return after.progress.metrics.elementsOut - (before?.progress.metrics.elementsOut ?? 0);
}

function mostElements({ engine }: RunView, stage: StagePlan | undefined): number {
  const { firingsMax, chunkElementsMax, bundleElementsMax } = engine;
  const taken = MESSAGES_MAX * bundleElementsMax;
  const kind = stage?.shuffle?.kind;
  // A grouping gives nothing but its firings; a read nothing but its chunk, of a few elements each.
  if (kind === "groupByKey" || kind === "combinePerKey") return firingsMax * FAN_OUT_MAX;
  if (stage?.kind === "read") return chunkElementsMax * FAN_OUT_MAX;
  return (taken + chunkElementsMax + firingsMax) * FAN_OUT_MAX;
}
