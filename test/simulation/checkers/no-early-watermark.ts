/**
 * `no-early-watermark` (W3): a stage's input watermark never passes an element that is still on its
 * way to it and was on time when it was sent. A register that came after the tracker's snapshot is
 * measured by the source's watermark of that snapshot: it may be late because the source said so.
 * And where all sources are bounded, nothing is ever sent behind the watermark of where it goes.
 *
 * What a shard passes on of a bundle that was received before an update already is no element: it is
 * known by its id where it goes (passed-on.ts). A part of a read that one shard sends another is none
 * either: the stage's output may not pass it, its input may.
 */

import type { Envelope } from "../../../functions/envelope.ts";
import type { OutboxEntry } from "../../../functions/outbox.ts";
import { bundleKey, shardKey } from "../world/ledger.ts";
import type { Checker } from "./checker.ts";
import { type OnTheWay, onTheWay, sidesOf, stageOf } from "./in-flight.ts";
import { PassedOn } from "./passed-on.ts";

/** W3: no watermark passes what is inside the mesh. */
export const noEarlyWatermark: Checker = {
  name: "no-early-watermark",
  promise: "W3: a watermark never passes an element that is still inside the mesh.",
  watch(run, report) {
    const { ledger } = run;
    let seen = new Set<string>();
    let seenVersion = -1;
    const passedOn = new PassedOn();
    // Parts of reads: no elements of the input, so what they hold is their stage's output.
    const parts = new Set<string>();
    // Nothing of a bounded source is ever late, so nothing may be sent behind a watermark either.
    const isBounded = run.plan.stages.every(({ kind }) => kind !== "ingest");
    return {
      committed(event) {
        const { plan } = run;
        const { after } = event;
        passedOn.note(event, ledger.job);
        for (const part of partsIn(after.outbox)) parts.add(part);
        for (const entry of isBounded ? after.outbox : []) {
          if (entry.kind !== "bundle") continue;
          const { stage, producer, minTime, count } = JSON.parse(entry.text) as Envelope;
          const isSide = sidesOf(plan, stageOf(producer), stage).length > 0;
          const input = ledger.job?.watermarks[stage]?.[0] ?? minTime;
          if (isSide || count === 0 || minTime >= input) continue;
          report(`${producer} sends ${minTime} to ${stage}, which has come to ${input}`);
        }
      },
      snapshotTaken({ job, registers }, stage) {
        if (stage !== "tracker" || job === undefined) return;
        const ids = registers.map(({ id }) => id);
        // Two ticks may run at once: what both have seen.
        seen = new Set(job.version === seenVersion ? ids.filter((id) => seen.has(id)) : ids);
        seenVersion = job.version;
      },
      jobStored(commit) {
        const { plan } = run;
        const job = ledger.jobOf(commit.job.text);
        const { watermarks } = job;
        // A restored job goes on from what its snapshot had: nothing is before that.
        const isMoved = (ledger.job?.generation ?? 0) !== (job.generation ?? 0);
        const before = isMoved ? watermarks : (ledger.job?.watermarks ?? {});
        const heads = new Map([...ledger.heads].map(([key, { progress }]) => [key, progress]));
        // What was never confirmed and leaves with this commit comes again from the source.
        const staying = [...ledger.registers].filter(
          ([id]) => seen.has(id) && !commit.registersToDelete.includes(id),
        );
        const open = onTheWay(
          heads,
          staying.map(([, register]) => register),
          job,
          (bundle) => !passedOn.again.has(bundle) && !parts.has(bundle),
        );
        const check = (one: OnTheWay, key: string, end: 0 | 1 = 0): void => {
          const was = before[key]?.[end] ?? Number.NEGATIVE_INFINITY;
          const is = watermarks[key]?.[end] ?? Number.NEGATIVE_INFINITY;
          // Before the last watermark already: late, and so no longer protected.
          if (one.minTime < was || is <= one.minTime) return;
          report(`${key} comes to ${is} and passes ${one.minTime}: ${one.what}`);
        };
        for (const one of open) {
          const sides = sidesOf(plan, one.from, one.to);
          if (sides.length === 0) check(one, one.to);
          for (const side of sides) check(one, `${one.to}<${side}`);
        }
        for (const one of onTheWay(heads, [], job, (bundle) => parts.has(bundle)))
          check(one, one.to, 1);
      },
    };
  },
};

function* partsIn(outbox: readonly OutboxEntry[]): Iterable<string> {
  for (const entry of outbox) {
    if (entry.kind !== "bundle") continue;
    const { body, producer, sequence, ...to } = JSON.parse(entry.text) as Envelope;
    if (body.kind === "split") yield bundleKey(producer, shardKey(to), sequence);
  }
}
