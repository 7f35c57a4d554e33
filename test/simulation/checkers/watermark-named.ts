/**
 * `watermark-named` (W4): a watermark is exactly where something holds it, and that has a name: the
 * output of a stage before, a bundle on its way, a register, a hold, or a source.
 *
 * The checker computes each watermark anew, from the snapshot that the tracker took.
 */
import type { ShardProgress } from "../../../functions/head.ts";
import type { Job } from "../../../functions/job.ts";
import type { MeshSnapshot } from "../../../functions/ports.ts";
import type { MeshPlan, StagePlan } from "../../../sdk/compile/plan.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../../../sdk/model/time.ts";
import { shardKey } from "../world/ledger.ts";
import type { Checker, JobCommit, RunView } from "./checker.ts";
import { type OnTheWay, onTheWay, sidesOf, stageOf } from "./in-flight.ts";

/** Something that a watermark can't pass. */
interface Holder {
  readonly time: number;
  readonly what: string;
}

type Watermarks = Record<string, readonly [number, number]>;

/** W4: what stops a watermark has a name. */
export const watermarkNamed: Checker = {
  name: "watermark-named",
  promise: "W4: a watermark that has stopped has something that holds it.",
  watch(run, report) {
    const { ledger } = run;
    /** By the job's version that each was taken with; two ticks may run at once. */
    const snapshots = new Map<number, MeshSnapshot[]>();
    return {
      snapshotTaken(snapshot, stage) {
        if (stage !== "tracker" || snapshot.job === undefined) return;
        const { version } = snapshot.job;
        snapshots.set(version, [...(snapshots.get(version) ?? []), snapshot]);
      },
      jobStored(commit, stage) {
        if (stage !== "tracker" || commit.previousVersion === undefined) return;
        const taken = snapshots.get(commit.previousVersion) ?? [];
        snapshots.clear();
        const before = ledger.job?.watermarks ?? {};
        const wrong = taken.map((snapshot) => mistakes(run, snapshot, commit, before));
        if (wrong.length > 0 && wrong.every((each) => each !== undefined)) report(wrong[0] ?? "");
      },
    };
  },
};

/** Says which watermark is not where it should be. */
function mistakes(
  { plan, ledger }: Pick<RunView, "plan" | "ledger">,
  snapshot: MeshSnapshot,
  commit: JobCommit,
  before: Readonly<Watermarks>,
): string | undefined {
  const job = ledger.jobOf(commit.job.text);
  const heads = new Map<string, ShardProgress>(
    snapshot.heads.map(({ shard, version, progress }) => [
      shardKey(shard),
      ledger.progressOf(shard, version, progress),
    ]),
  );
  const registers = snapshot.registers.filter(({ id }) => !commit.registersToDelete.includes(id));
  const open = onTheWay(
    heads,
    registers.map(({ text }) => ledger.registerOf(text)),
    job,
  );
  const is = (key: string): readonly [number, number] => job.watermarks[key] ?? NEVER;
  const was = (key: string): readonly [number, number] => before[key] ?? NEVER;
  const checks = plan.stages.flatMap((stage) => {
    const { id } = stage;
    const [input, output] = holdersOf(plan, stage, job, heads, open, is);
    return [
      compare(`${id}, input`, is(id)[0], was(id)[0], input),
      compare(`${id}, output`, is(id)[1], was(id)[1], output),
      ...sideHolders(plan, id, open, is).map(([key, holder]) =>
        compare(key, is(key)[0], was(key)[0], holder),
      ),
    ];
  });
  return checks.find((problem) => problem !== undefined);
}

type WatermarksOf = (key: string) => readonly [number, number];

/** What holds a stage's input and output watermark. */
function holdersOf(
  plan: MeshPlan,
  { id, kind }: StagePlan,
  job: Job,
  heads: ReadonlyMap<string, ShardProgress>,
  open: readonly OnTheWay[],
  is: WatermarksOf,
): [input: Holder, output: Holder] {
  const holds = kind === "ingest" ? [] : holdsOf(heads, id);
  const between = open.filter(({ from, to }) => from === id && to === id);
  const inputs = kind === "ingest" ? [sourceOf(job, id)] : inputsOf(plan, id, open, is);
  return [
    first(kind === "read" ? [...inputs, ...holds] : inputs),
    first([{ time: is(id)[0], what: "input" }, ...holds, ...between.map(holderOf)]),
  ];
}

function sideHolders(
  plan: MeshPlan,
  stage: string,
  open: readonly OnTheWay[],
  is: WatermarksOf,
): [key: string, holder: Holder][] {
  return plan.edges.flatMap(({ from, to, side }): [string, Holder][] => {
    if (to !== stage || side === undefined) return [];
    const coming = open.filter((one) => one.from === from && one.to === stage).map(holderOf);
    return [[`${stage}<${side}`, first([outputOf(from, is), ...coming])]];
  });
}

const NEVER: readonly [number, number] = [MIN_TIMESTAMP, MIN_TIMESTAMP];

function compare(name: string, is: number, was: number, holder: Holder): string | undefined {
  const wanted = Math.max(was, holder.time);
  if (is === wanted) return undefined;
  return `${name} is ${is}; ${holder.what} holds it at ${holder.time}, before it was ${was}`;
}

function inputsOf(
  plan: MeshPlan,
  stage: string,
  open: readonly OnTheWay[],
  is: WatermarksOf,
): Holder[] {
  const before = plan.edges
    .filter(({ to, side }) => to === stage && side === undefined)
    .map(({ from }) => outputOf(from, is));
  const coming = open.filter(
    ({ from, to }) => to === stage && sidesOf(plan, from, to).length === 0,
  );
  return [...before, ...coming.map(holderOf)];
}

function holderOf({ minTime, what }: OnTheWay): Holder {
  return { time: minTime, what };
}

function outputOf(stage: string, is: WatermarksOf): Holder {
  return { time: is(stage)[1], what: `output of ${stage}` };
}

function sourceOf(job: Job, stage: string): Holder {
  const watermark = job.sources[stage]?.watermark ?? MIN_TIMESTAMP;
  const time = job.state === "RUNNING" ? watermark : MAX_TIMESTAMP;
  return { time, what: "source" };
}

function holdsOf(heads: ReadonlyMap<string, ShardProgress>, stage: string): Holder[] {
  return [...heads].flatMap(([key, { hold }]) =>
    stageOf(key) === stage ? [{ time: hold, what: `hold of ${key}` }] : [],
  );
}

function first(holders: readonly Holder[]): Holder {
  return holders.reduce((a, b) => (b.time < a.time ? b : a), {
    time: MAX_TIMESTAMP,
    what: "nothing",
  });
}
