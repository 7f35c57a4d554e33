/**
 * `publish-after-commit` (A2, J1, Y1): nothing is published that is not in a committed outbox or in
 * the plan of a stored register, and the tracker tells nothing that is not stored.
 */
import type { Envelope } from "../../../functions/envelope.ts";
import { MIN_TIMESTAMP } from "../../../sdk/model/time.ts";
import { bundleKey } from "../world/ledger.ts";
import type { Checker, RunView } from "./checker.ts";

/** A2: nothing is published before the commit that caused it. */
export const publishAfterCommit: Checker = {
  name: "publish-after-commit",
  promise: "A2: nothing is published before the commit, or the register, that caused it.",
  watch(run, report) {
    const { ledger } = run;
    const registered = new Set<string>();
    return {
      registered: (_, { name }) => void registered.add(name),
      published({ message: { topic }, identity, envelope }, { name, stage, plan: { stages } }) {
        // A dead letter goes back to its source by hand.
        const isReplay = stages.some(({ ingest }) => ingest?.replay === topic);
        if (ledger.outboxes.has(identity) || isReplay) return;
        if (envelope !== undefined) {
          const problem = problemOf(run, envelope);
          if (problem !== undefined) report(`${name} publishes ${problem}`);
        } else if (stages.find(({ id }) => id === stage)?.kind !== "ingest") {
          report(`${name} publishes to ${topic} what is in no outbox`);
        } else if (!registered.has(name)) {
          report(`${name} publishes to ${topic} before any register`);
        }
      },
      fileWritten(path, identity, { name }) {
        if (!ledger.outboxes.has(identity)) report(`${name} writes ${path}, which is in no outbox`);
      },
    };
  },
};

function problemOf({ ledger }: RunView, envelope: Envelope): string | undefined {
  const { producer, sequence, stage, shard, minTime, body, generation = 0 } = envelope;
  const target = `${stage}/${shard}`;
  if (producer === "launch/0") return undefined;
  if (producer === "tracker" && body.kind === "advance") {
    const ahead = Object.entries(body.watermarks).find(([key, [input, output]]) => {
      const stored = ledger.watermarks.get(generation)?.[key];
      return stored === undefined || input > stored[0] || output > stored[1];
    });
    // A job that was just launched has stored no watermark: MIN is no news.
    const isNews = ahead?.[1].some((time) => time > MIN_TIMESTAMP) ?? false;
    return isNews ? `a watermark of ${ahead?.[0]} that is not stored` : undefined;
  }
  const planned = ledger.planned.get(bundleKey(producer, target, sequence));
  if (planned === undefined) return `bundle ${sequence} of ${producer} to ${target}, unplanned`;
  return planned.send[3] <= minTime ? undefined : `a bundle older than its register says`;
}
