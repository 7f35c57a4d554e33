/**
 * 5. Watermark: how far event time has come, for every stage. Pure: snapshot → watermarks.
 *
 * Owns: the two watermarks of each stage, and what is in flight. Does not own: reading the
 * snapshot and storing the result (tracker.ts), a source's policy (source-watermark.ts).
 *
 *   in(T)  = min over edges S→T of min( out(S), minTime of every range sent to T, not received )
 *   out(S) = max( previous out(S), min( in(S), every hold of S's shards ) )
 *   in of a read stage: every hold of its shards, too
 *
 * W1. Neither watermark ever goes back.
 * W2. output ≤ input.
 * W3. input ≤ the output of every producer, and ≤ every on-time element that is still in flight.
 *
 * @see https://beam.apache.org/documentation/basics/#watermarks
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { earlier, later, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { ShardProgress } from "./head.ts";
import { type Job, type StageWatermarks, watermarksOf } from "./job.ts";
import { contains, containsRange, countOf } from "./received.ts";
import type { Register } from "./register.ts";

/** One consistent view of the mesh, decoded. */
export interface MeshView {
  readonly plan: MeshPlan;
  /** By `stage/shard`. */
  readonly heads: ReadonlyMap<string, ShardProgress>;
  readonly registers: readonly Register[];
  /** Output watermark of each ingest stage, by its policy. */
  readonly sources: Readonly<Record<string, Timestamp>>;
}

/** What may still be in flight to one stage. */
interface InFlight {
  readonly minTime: Timestamp;
  readonly bundles: number;
}

/** Returns the watermarks of all stages; none is before those of `job`. */
export function computeWatermarks(view: MeshView, job: Job): StageWatermarks {
  const inFlight = inFlightByStage(view);
  const watermarks: Record<string, readonly [Timestamp, Timestamp]> = {};
  for (const stage of view.plan.stages) {
    const [previousInput, previousOutput] = watermarksOf(job, stage.id);
    if (stage.kind === "ingest") {
      const source = later(previousOutput, view.sources[stage.id] ?? previousOutput);
      watermarks[stage.id] = [source, source];
      continue;
    }
    let input = inFlight.get(stage.id)?.minTime ?? MAX_TIMESTAMP;
    for (const edge of view.plan.edges) {
      if (edge.to !== stage.id) continue;
      input = earlier(input, watermarks[edge.from]?.[1] ?? watermarksOf(job, edge.from)[1]);
    }
    // What a shard has still to read is what is on its way to the stage.
    if (stage.kind === "read") input = earlier(input, holdOf(view, stage));
    input = later(previousInput, input);
    const output = later(previousOutput, earlier(input, holdOf(view, stage)));
    watermarks[stage.id] = [input, output];
  }
  return watermarks;
}

/** Returns how many bundles were sent to each stage and not received: exact, late ones included. */
export function bundlesInFlight(view: MeshView): ReadonlyMap<string, number> {
  return new Map([...inFlightByStage(view)].map(([stage, { bundles }]) => [stage, bundles]));
}

/** Returns whether everything that a register planned has arrived. */
export function hasArrived(view: Pick<MeshView, "heads">, register: Register): boolean {
  return register.sends.every(([stage, shard, sequence]) => {
    const intervals = receivedOf(view, `${stage}/${shard}`, register.producer);
    return contains(intervals, sequence);
  });
}

function holdOf(view: MeshView, stage: StagePlan): Timestamp {
  let hold = MAX_TIMESTAMP;
  for (let shard = 0; shard < stage.shards; shard++) {
    const head = view.heads.get(`${stage.id}/${shard}`);
    if (head !== undefined) hold = earlier(hold, head.hold);
  }
  return hold;
}

function inFlightByStage(view: MeshView): Map<string, InFlight> {
  const byStage = new Map<string, InFlight>();
  const note = (target: string, minTime: Timestamp, bundles: number): void => {
    const stage = target.slice(0, target.lastIndexOf("/"));
    const known = byStage.get(stage) ?? { minTime: MAX_TIMESTAMP, bundles: 0 };
    byStage.set(stage, {
      minTime: earlier(known.minTime, minTime),
      bundles: known.bundles + bundles,
    });
  };
  for (const { producer, sends } of view.registers) {
    for (const [stage, shard, sequence, minTime] of sends) {
      const target = `${stage}/${shard}`;
      if (!contains(receivedOf(view, target, producer), sequence)) note(target, minTime, 1);
    }
  }
  for (const [producer, { sent }] of view.heads) {
    for (const [target, entry] of Object.entries(sent)) {
      const intervals = receivedOf(view, target, producer);
      const open = entry.ranges.filter(([from, to]) => !containsRange(intervals, from, to));
      const missing = entry.next - countOf(intervals);
      const minTime = open.reduce((min, range) => earlier(min, range[2]), MAX_TIMESTAMP);
      note(target, minTime, missing);
    }
  }
  return byStage;
}

function receivedOf(
  view: Pick<MeshView, "heads">,
  target: string,
  producer: string,
): readonly number[] {
  return view.heads.get(target)?.received[producer]?.[0] ?? [];
}
