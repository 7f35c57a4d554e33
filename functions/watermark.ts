/**
 * 5. Watermark: how far event time has come, for every stage. Pure: snapshot → watermarks.
 *
 * Owns: the two watermarks of each stage, and what is in flight. Does not own: reading the
 * snapshot and storing the result (tracker.ts), a source's policy (source-watermark.ts).
 *
 *   in(T)  = min over edges S→T of min( out(S), minTime of every range sent to T, not received )
 *           (edges of side inputs left out: each has a watermark of its own, by the same rule)
 *   out(S) = max( previous out(S), min( in(S), every hold of S's shards, minTime of every range that
 *            S's shards sent to each other, not received ) )
 *   in of a read stage: every hold of its shards, too
 *
 * W1. Neither watermark ever goes back.
 * W2. output ≤ input.
 * W3. input ≤ the output of every producer, and ≤ every on-time element that is still in flight.
 *
 * @see https://beam.apache.org/documentation/basics/#watermarks
 */
import type { EdgePlan, MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { earlier, later, MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import type { ShardProgress } from "./head.ts";
import { type Job, type StageWatermarks, sideKey, watermarksOf } from "./job.ts";
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
    const outputOf = (from: string): Timestamp => (watermarks[from] ?? watermarksOf(job, from))[1];
    const arriving = inFlight.get(stage.id) ?? new Map<string, InFlight>();
    const edges = view.plan.edges.filter(({ to }) => to === stage.id);
    const [input, sides] = inputsOf(edges, arriving, outputOf);
    for (const [side, watermark] of sides) {
      const key = sideKey(stage.id, side);
      const known = later(watermarksOf(job, key)[0], watermark);
      watermarks[key] = [known, known];
    }
    // What a shard has still to read is what is on its way to the stage.
    const hold = holdOf(view, stage);
    const inputNow = later(previousInput, stage.kind === "read" ? earlier(input, hold) : input);
    // A part of a read on its way to another shard: the input may have passed it, the output not.
    const between = arriving.get(stage.id)?.minTime ?? MAX_TIMESTAMP;
    const output = later(previousOutput, earlier(inputNow, earlier(hold, between)));
    watermarks[stage.id] = [inputNow, output];
  }
  return watermarks;
}

/** The watermark of a stage's main input, and of each of its side inputs. */
function inputsOf(
  edges: readonly EdgePlan[],
  arriving: ReadonlyMap<string, InFlight>,
  outputOf: (stage: string) => Timestamp,
): [main: Timestamp, sides: [side: string, watermark: Timestamp][]] {
  let main = MAX_TIMESTAMP;
  const sides: [string, Timestamp][] = [];
  const sideStages = new Set<string>();
  for (const { from, side } of edges) {
    if (side === undefined) {
      main = earlier(main, outputOf(from));
      continue;
    }
    sideStages.add(from);
    const onTheWay = arriving.get(from)?.minTime ?? MAX_TIMESTAMP;
    sides.push([side, earlier(outputOf(from), onTheWay)]);
  }
  for (const [from, { minTime }] of arriving) {
    if (!sideStages.has(from)) main = earlier(main, minTime);
  }
  return [main, sides];
}

/** Returns how many bundles were sent to each stage and not received: exact, late ones included. */
export function bundlesInFlight(view: MeshView): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [stage, arriving] of inFlightByStage(view)) {
    let count = 0;
    for (const { bundles } of arriving.values()) count += bundles;
    counts.set(stage, count);
  }
  return counts;
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

/** What one producer sent to one shard that the shard has not received. */
export interface Send {
  /** `stage/shard`, or the id of an ingest instance. */
  readonly producer: string;
  readonly from: string;
  /** `stage/shard`. */
  readonly to: string;
  readonly bundles: number;
  /** No on-time element in it is older; MAX if all of it is late. */
  readonly minTime: Timestamp;
  /** The register that planned it; undefined if a shard sent it. */
  readonly register?: Register;
}

/** Returns all that is in flight: exact, late bundles included. */
export function* sendsInFlight(view: Pick<MeshView, "heads" | "registers">): Generator<Send> {
  for (const register of view.registers) {
    const { stage: from, producer, sends } = register;
    for (const [stage, shard, sequence, minTime] of sends) {
      const to = `${stage}/${shard}`;
      if (contains(receivedOf(view, to, producer), sequence)) continue;
      yield { producer, from, to, bundles: 1, minTime, register };
    }
  }
  for (const [producer, { sent }] of view.heads) {
    for (const [to, entry] of Object.entries(sent)) {
      const intervals = receivedOf(view, to, producer);
      const open = entry.ranges.filter(([from, until]) => !containsRange(intervals, from, until));
      const bundles = entry.next - countOf(intervals);
      const minTime = open.reduce((min, range) => earlier(min, range[2]), MAX_TIMESTAMP);
      if (bundles > 0 || minTime < MAX_TIMESTAMP) {
        yield { producer, from: stageOf(producer), to, bundles, minTime };
      }
    }
  }
}

/** What is in flight, by target stage and by the stage that it comes from. */
function inFlightByStage(view: MeshView): Map<string, Map<string, InFlight>> {
  const byStage = new Map<string, Map<string, InFlight>>();
  for (const { from, to, bundles, minTime } of sendsInFlight(view)) {
    const stage = stageOf(to);
    const arriving = byStage.get(stage) ?? new Map<string, InFlight>();
    byStage.set(stage, arriving);
    const known = arriving.get(from) ?? { minTime: MAX_TIMESTAMP, bundles: 0 };
    arriving.set(from, {
      minTime: earlier(known.minTime, minTime),
      bundles: known.bundles + bundles,
    });
  }
  return byStage;
}

/** Returns now − output watermark, in ms; undefined before the watermark is known, and at its end. */
export function freshnessOf(output: Timestamp, nowMs: number): number | undefined {
  return output <= MIN_TIMESTAMP || output >= MAX_TIMESTAMP ? undefined : nowMs - output;
}

/** Returns the stage of a shard's key, `stage/shard`. */
export function stageOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

function receivedOf(
  view: Pick<MeshView, "heads">,
  target: string,
  producer: string,
): readonly number[] {
  return view.heads.get(target)?.received[producer]?.[0] ?? [];
}
